package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// The real program, told to stop while a torrent is half uploaded: the upload
// is finished and answered, nothing new is taken, and the program ends well.
func TestProgramStopsGracefully(t *testing.T) {
	port := freePort(t)
	program, stderr := startProgram(t, "PORT="+port)
	if err := awaitURL("http://127.0.0.1:" + port + "/readyz"); err != nil {
		t.Fatal(err)
	}

	body := "d4:infod6:lengthi1e4:name1:x12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaaee"
	conn := dial(t, "127.0.0.1:"+port)
	fmt.Fprintf(conn, "POST /torrents/x.torrent HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", len(body))
	reader := bufio.NewReader(conn)
	if line, err := reader.ReadString('\n'); err != nil || !strings.Contains(line, "100") {
		t.Fatalf("the upload has not begun: %q, %v", line, err)
	}
	if _, err := reader.Discard(len("\r\n")); err != nil {
		t.Fatal(err)
	}
	if err := program.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	awaitRefusal(t, "127.0.0.1:"+port)

	io.WriteString(conn, body)
	resp, err := http.ReadResponse(reader, nil)
	if err != nil {
		t.Fatalf("the upload in flight was cut off: %v\n%s", err, stderr)
	}
	if resp.StatusCode != http.StatusCreated {
		t.Errorf("the upload in flight got status %d", resp.StatusCode)
	}
	conn.Close()
	if err := program.Wait(); err != nil {
		t.Errorf("%v\n%s", err, stderr)
	}
}

// A second signal does not wait for anybody.
func TestSecondSignalKills(t *testing.T) {
	port := freePort(t)
	program, stderr := startProgram(t, "PORT="+port, "SHUTDOWN_TIMEOUT=3600")
	if err := awaitURL("http://127.0.0.1:" + port + "/readyz"); err != nil {
		t.Fatal(err)
	}
	conn := dial(t, "127.0.0.1:"+port)
	fmt.Fprintf(conn, "POST /torrents/x.torrent HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n")
	if _, err := bufio.NewReader(conn).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if err := program.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	awaitRefusal(t, "127.0.0.1:"+port)
	if err := program.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	err := program.Wait()
	status, ok := program.ProcessState.Sys().(syscall.WaitStatus)
	if !ok || !status.Signaled() || status.Signal() != syscall.SIGTERM {
		t.Errorf("ended with %v instead of by the signal\n%s", err, stderr)
	}
}

// startProgram runs p2ptracker serve with these settings alone.
func startProgram(t *testing.T, settings ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	var stderr bytes.Buffer
	program := exec.Command("p2ptracker", "serve") // TestMain put it into PATH
	program.Env = append([]string{"PATH=" + os.Getenv("PATH")}, settings...)
	program.Stderr = &stderr
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = program.Process.Kill() })
	return program, &stderr
}
