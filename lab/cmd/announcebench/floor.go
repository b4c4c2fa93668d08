package main

import (
	"bufio"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/lab/internal/servers"
	"github.com/p2ptracker/p2ptracker/lua"
)

// The floor is what an announce costs if the script does nothing: the same program and Redis,
// the same keys and arguments, and replies that the real scripts gave under the same load. What
// ours costs more is what its scripts do.

// floorName is what it is called in the results.
const floorName = "1 frontend, scripts that do nothing"

// emptied are the scripts that announces call.
var emptied = []string{"again", "announce"}

const (
	recorded   = 256 // calls of each script that are looked at, at most
	replies    = 16  // that stand for all
	recordTime = 500 * time.Millisecond
)

// openFloor makes the cells of the floor under one workload, which ours has joined.
func (s *suite) openFloor(ctx context.Context, ours *deployment, w workload, protocols ...string) error {
	load := func() error {
		_, err := s.measure(ctx, &cell{deployment: ours, workload: w, protocol: protocolKeepAlive}, recordTime, 0, false)
		return err
	}
	calls, err := recordCalls(ours.redis[0], load)
	if err != nil {
		return fmt.Errorf("floor: calls: %w", err)
	}
	program, err := s.buildFloor(ctx, ours.redis[0], calls)
	if err != nil {
		return fmt.Errorf("floor: %w", err)
	}
	d, err := s.startOurs(ctx, plan{name: floorName, program: program, settings: silent})
	if err != nil {
		return err
	}
	if err := s.join(ctx, d, w); err != nil {
		return err
	}
	for _, protocol := range protocols {
		s.cells = append(s.cells, &cell{deployment: d, workload: w, protocol: protocol})
	}
	return nil
}

// recordCalls returns how scripts are called in a Redis during a load: by the script's name, the
// arguments of EVALSHA.
func recordCalls(redis string, load func() error) (map[string][][]string, error) {
	conn, err := dial("tcp", redis)
	if err != nil {
		return nil, err
	}
	if _, err := conn.Write([]byte("MONITOR\r\n")); err != nil {
		return nil, err
	}
	calls := make(chan map[string][][]string)
	go func() { calls <- readCalls(conn) }()
	err = load()
	conn.Close()
	return <-calls, err
}

// readCalls reads what MONITOR says until the connection is closed.
func readCalls(conn net.Conn) map[string][][]string {
	names := map[string]string{}
	for _, name := range emptied {
		sum := sha1.Sum([]byte(lua.All[name]))
		names[hex.EncodeToString(sum[:])] = name
	}
	calls := map[string][][]string{}
	lines := bufio.NewScanner(conn)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		words := parseMonitored(lines.Text())
		if len(words) < 2 || !strings.EqualFold(words[0], "EVALSHA") {
			continue
		}
		if name := names[words[1]]; name != "" && len(calls[name]) < recorded {
			calls[name] = append(calls[name], words[1:])
		}
	}
	return calls
}

// parseMonitored reads the words of a line like `+1700000000.123456 [0 127.0.0.1:4] "GET" "a\x00"`.
func parseMonitored(line string) (words []string) {
	_, rest, _ := strings.Cut(line, "] ")
	for rest != "" {
		quoted, err := strconv.QuotedPrefix(rest)
		if err != nil {
			return nil
		}
		word, _ := strconv.Unquote(quoted)
		words = append(words, word)
		rest = strings.TrimPrefix(rest[len(quoted):], " ")
	}
	return words
}

// buildFloor calls the scripts once more, and builds the tracker with scripts that return what
// these did.
func (e *environment) buildFloor(ctx context.Context, redis string, calls map[string][][]string) (program string, err error) {
	product, err := servers.Product(ctx)
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp(e.dir, "floor")
	if err != nil {
		return "", err
	}
	var overlay struct{ Replace map[string]string }
	overlay.Replace = map[string]string{}
	for _, name := range emptied {
		script, err := constantScript(ctx, redis, calls[name])
		if err != nil {
			return "", fmt.Errorf("script %s: %w", name, err)
		}
		file := filepath.Join(dir, name+".lua")
		if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
			return "", err
		}
		overlay.Replace[filepath.Join(product, "lua", name+".lua")] = file
	}
	text, err := json.Marshal(overlay)
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return "", err
	}
	return filepath.Join(dir, "p2ptracker"), servers.Build(ctx, "-overlay", file, "-o", dir+"/", servers.Tracker)
}

// constantScript returns what some of the calls return now, one or another by the seed.
func constantScript(ctx context.Context, redis string, calls [][]string) (string, error) {
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{redis}, ForceSingleClient: true, DisableCache: true, DisableRetry: true})
	if err != nil {
		return "", err
	}
	defer client.Close()
	var constants []string
	for _, call := range calls {
		reply, err := client.Do(ctx, client.B().Arbitrary("EVALSHA").Args(call...).Build()).ToAny()
		if err != nil {
			return "", err
		}
		// Only a first value of 1 says that the announce is recorded.
		if values, _ := reply.([]any); len(values) > 1 && values[0] == int64(1) && len(constants) < replies {
			constants = append(constants, luaLiteral(reply))
		}
	}
	return returnOneOf(constants)
}

// returnOneOf is a script that reads nothing but the seed.
func returnOneOf(constants []string) (string, error) {
	if len(constants) == 0 {
		return "", errors.New("no call was answered")
	}
	var script strings.Builder
	fmt.Fprintf(&script, "local n = ARGV[3] %% %d\n", len(constants))
	for n, constant := range constants[1:] {
		fmt.Fprintf(&script, "if n == %d then return %s end\n", n+1, constant)
	}
	fmt.Fprintf(&script, "return %s\n", constants[0])
	return script.String(), nil
}

// luaLiteral writes a reply of Redis as the Lua value that becomes it.
func luaLiteral(value any) string {
	switch v := value.(type) {
	case string:
		var literal strings.Builder
		for _, b := range []byte(v) {
			fmt.Fprintf(&literal, `\%03d`, b)
		}
		return `"` + literal.String() + `"`
	case []any:
		elements := make([]string, len(v))
		for i, element := range v {
			elements[i] = luaLiteral(element)
		}
		return "{" + strings.Join(elements, ", ") + "}"
	case int64:
		return strconv.FormatInt(v, 10)
	}
	return "false" // nothing
}
