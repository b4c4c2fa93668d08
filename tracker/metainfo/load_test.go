package metainfo

import (
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// shapes are torrents that are not canonical beside info; %i is the info.
var shapes = map[string]string{
	"plain":                "d8:announce25:http://127.0.0.1/announce4:info%ie",
	"info first":           "d4:info%i8:announce25:http://127.0.0.1/announcee",
	"unsorted inside":      "d8:announce25:http://127.0.0.1/announce4:info%i1:zd1:bi1e1:ai1eee",
	"announce twice":       "d8:announce25:http://127.0.0.1/announce8:announce25:http://127.0.0.2/announce4:info%ie",
	"key twice inside":     "d8:announce25:http://127.0.0.1/announce4:info%i1:zd1:ai1e1:ai1eee",
	"newline":              "d8:announce25:http://127.0.0.1/announce4:info%ie\n",
	"newlines":             "d8:announce25:http://127.0.0.1/announce4:info%ie\n\n",
	"newlines and returns": "d8:announce25:http://127.0.0.1/announce4:info%ie\r\n\r\n",
	"zero and more":        "d8:announce25:http://127.0.0.1/announce4:info%ie\x00i1e",
	"blanks":               "d8:announce25:http://127.0.0.1/announce4:info%ie \t",
}

// writeShapes writes a torrent of each shape into a directory and returns by path what our hash
// of it is, in lower case. Each has a name of its own, and so a hash of its own.
func writeShapes(t *testing.T, dir string) map[string]string {
	t.Helper()
	hashes := map[string]string{}
	for name, shape := range shapes {
		torrent := encode(t, with(single, "name", name))
		_, info, _ := strings.Cut(strings.TrimSuffix(torrent, "e"), "4:info")
		path := filepath.Join(dir, strings.ReplaceAll(name, " ", "-")+".torrent")
		data := []byte(strings.Replace(shape, "%i", info, 1))
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := Parse(data, name)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		hashes[path] = hex.EncodeToString(got.InfoHash[:])
	}
	return hashes
}

// TestClientsLoad holds what Parse accepts against clients: each loads it, under the same
// hash.
func TestClientsLoad(t *testing.T) {
	hashes := writeShapes(t, t.TempDir())
	for path, hash := range hashes {
		for client, out := range map[string]string{
			"aria2":        run(t, "", "aria2c", "--no-conf", "-S", path),
			"transmission": run(t, "", "transmission-show", path),
			"libtorrent":   run(t, "import sys, libtorrent as lt; print(lt.torrent_info(sys.argv[1]).info_hashes().v1)", "/usr/bin/python3", "-", path),
		} {
			if !strings.Contains(out, hash) {
				t.Errorf("%s does not find %s in %s:\n%s", client, hash, filepath.Base(path), out)
			}
		}
	}
}

// TestRtorrentLoads: rtorrent writes what it has loaded into its session.
func TestRtorrentLoads(t *testing.T) {
	dir := t.TempDir()
	hashes := writeShapes(t, dir)
	session := filepath.Join(dir, "session")
	if err := os.Mkdir(session, 0o700); err != nil {
		t.Fatal(err)
	}
	rc := filepath.Join(dir, "rc")
	settings := "system.daemon.set = true\n" +
		"directory.default.set = " + dir + "\n" +
		"session.path.set = " + session + "\n" +
		"network.bind_address.set = 127.0.0.1\nnetwork.port_random.set = yes\ndht.mode.set = disable\n" +
		"schedule2 = load, 0, 1, \"load.normal=" + dir + "/*.torrent\"\n"
	if err := os.WriteFile(rc, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	rtorrent := exec.Command("rtorrent", "-n", "-o", "import="+rc)
	if err := rtorrent.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = rtorrent.Process.Kill()
		_ = rtorrent.Wait()
	})
	for end := time.Now().Add(time.Minute); time.Now().Before(end) && len(hashes) > 0; time.Sleep(50 * time.Millisecond) {
		for path, hash := range hashes {
			if _, err := os.Stat(filepath.Join(session, strings.ToUpper(hash)+".torrent")); err == nil {
				delete(hashes, path)
			}
		}
	}
	for path := range hashes {
		t.Errorf("rtorrent does not load %s", filepath.Base(path))
	}
}
