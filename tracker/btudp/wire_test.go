package btudp

import (
	"encoding/hex"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the replies in testdata/wire/udp anew")

const wireDir = "../../testdata/wire/udp"

// TestWire sends what stock clients send, byte for byte but for the connection id, to a
// real server, and compares how it is read and what is answered.
func TestWire(t *testing.T) {
	packets, err := filepath.Glob(filepath.Join(wireDir, "*.packet"))
	if err != nil || len(packets) < 9 {
		t.Fatalf("%d wire files, %v", len(packets), err)
	}
	for _, path := range packets {
		name := strings.TrimSuffix(path, ".packet")
		t.Run(filepath.Base(name), func(t *testing.T) {
			swarm := &fixedSwarm{}
			c := dial(t, start(t, newTestServer(swarm), "127.0.0.1", patience).addr)
			reply := hex.EncodeToString(c.ask(with(c.connect(), unhex(readFile(t, path))))) + "\n"
			if swarm.count() != 1 || swarm.asked[0] != readFile(t, name+".parsed") {
				t.Errorf("read as\n%s", strings.Join(swarm.asked, "\n"))
			}
			if *update {
				if err := os.WriteFile(name+".reply", []byte(reply), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want := readFile(t, name+".reply"); reply != want {
				t.Errorf("reply is %s, want %s", reply, want)
			}
		})
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
