package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// machine describes where and when a run was. What cannot be read is empty.
type machine struct {
	when                  time.Time
	cpu, kernel           string
	redis, opentracker    string
	loadBefore, loadAfter string
}

func readMachine(ctx context.Context) machine {
	return machine{
		when:        time.Now().UTC(),
		cpu:         fieldOf("/proc/cpuinfo", "model name"),
		kernel:      firstLine(os.ReadFile("/proc/sys/kernel/osrelease")),
		redis:       wordOf(firstLine(exec.CommandContext(ctx, "redis-server", "--version").Output()), "v="),
		opentracker: firstLine(exec.CommandContext(ctx, "dpkg-query", "-W", "-f", "${Version}", "opentracker").Output()),
		loadBefore:  loadAverage(),
	}
}

// loadAverage is that of the last minute: what else ran on the machine shows in it.
func loadAverage() string {
	first, _, _ := strings.Cut(firstLine(os.ReadFile("/proc/loadavg")), " ")
	return first
}

func (m machine) String() string {
	return fmt.Sprintf("%s; %d cores of %s; Linux %s; %s; Redis %s; opentracker %s; load average %s before, %s after",
		m.when.Format("2006-01-02 15:04 UTC"), runtime.NumCPU(), m.cpu, m.kernel, runtime.Version(), m.redis, m.opentracker,
		m.loadBefore, m.loadAfter)
}

func firstLine(text []byte, _ error) string {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	return string(bytes.TrimSpace(line))
}

// fieldOf is the value in the first line "name : value" of a file.
func fieldOf(path, name string) string {
	text, _ := os.ReadFile(path)
	for line := range strings.Lines(string(text)) {
		if key, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// wordOf is what follows a prefix in one of a line's words.
func wordOf(line, prefix string) string {
	for word := range strings.FieldsSeq(line) {
		if value, found := strings.CutPrefix(word, prefix); found {
			return value
		}
	}
	return ""
}
