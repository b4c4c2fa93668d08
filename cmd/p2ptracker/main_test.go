package main

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the test binary stand in for the program: whatever runs
// "p2ptracker" in a test runs main in a process of its own.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"p2ptracker": main, "announceload": announceLoad, "announceprobe": announceProbe})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("FREEPORT", freePort(env.T().(testing.TB)))
			env.Setenv("SMDB", startSMDB(env))
			env.Setenv("GORACE", "atexit_sleep_ms=0") // under -race a program ends as soon as it is done
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"await": await,
			"get":   get,
		},
		RequireExplicitExec: true,
	})
}

// startSMDB runs an SMDB until the script ends, and returns its URL. It knows one host,
// two that share an address, and those of namedRacks.
func startSMDB(env *testscript.Env) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ip := path.Base(r.URL.Path)
		switch ip {
		case "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6":
			io.WriteString(w, namedRacks[ip].says)
		case "127.0.1.1":
			io.WriteString(w, `{"web1": {"cabinet": "r1"}}`)
		case "127.0.9.9":
			io.WriteString(w, `{"old": {"cabinet": "r3"}, "new": {"cabinet": "r4"}}`)
		default:
			http.NotFound(w, r)
		}
	}))
	env.Defer(server.Close)
	return server.URL
}

// freePort returns a port that nobody listens on now.
func freePort(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
}

// await waits until a URL answers 200: "await URL".
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: await URL")
	}
	ts.Check(awaitURL(args[0]))
}

// get writes the body of a URL to a file, whatever the status: "get URL FILE".
func get(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: get URL FILE")
	}
	body, err := getURL(args[0])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), body, 0o600))
}
