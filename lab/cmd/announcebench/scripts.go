package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"

	"github.com/p2ptracker/p2ptracker/lab/internal/servers"
)

// scriptBenchmark measures the announce script inside of Redis, without a frontend.
const scriptBenchmark = "BenchmarkAnnounceScript"

// scriptCost is what an announce costs Redis in one case, in µs and as a multiple of a
// script that does nothing, and what a peer takes of its memory.
type scriptCost struct {
	name                string
	micros, cost, bytes float64
}

func (s *suite) measureScripts(ctx context.Context) (err error) {
	if !s.scripts {
		return nil
	}
	s.logf("announce script")
	product, err := servers.Product(ctx)
	if err != nil {
		return err
	}
	command := exec.CommandContext(ctx, "go", "-C", product, "test", "-run", "^$", "-bench", "^"+scriptBenchmark+"$", "-benchtime", "3x", "-timeout", "30m", "./tracker/redisstore/swarm")
	out, err := command.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", scriptBenchmark, err, out)
	}
	s.script, err = parseScriptCosts(string(out))
	return err
}

// parseScriptCosts reads lines like
// "BenchmarkAnnounceScript/rack_of_40_of_10000-2  3  700 bytes/peer  12.1 redis-µs/announce  3.4 ×no-op".
func parseScriptCosts(output string) (costs []scriptCost, err error) {
	for line := range strings.Lines(output) {
		fields := strings.Fields(line)
		if len(fields) < 2 || !strings.HasPrefix(fields[0], scriptBenchmark+"/") {
			continue
		}
		name := strings.TrimPrefix(fields[0], scriptBenchmark+"/")
		if dash := strings.LastIndexByte(name, '-'); dash > 0 { // the number of cores
			name = name[:dash]
		}
		c := scriptCost{name: strings.ReplaceAll(name, "_", " ")}
		for i := 2; i+1 < len(fields); i += 2 {
			value, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", scriptBenchmark, err)
			}
			switch fields[i+1] {
			case "redis-µs/announce":
				c.micros = value
			case "×no-op":
				c.cost = value
			case "bytes/peer":
				c.bytes = value
			}
		}
		costs = append(costs, c)
	}
	if len(costs) == 0 {
		return nil, errors.New(scriptBenchmark + " printed nothing")
	}
	return costs, nil
}
