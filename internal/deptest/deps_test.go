// Package deptest holds the direction of imports: cmd, then the adapters, then
// tracker, then the standard library. The laboratory imports the product, never the
// other way round. See ARCHITECTURE.md.
package deptest

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/p2ptracker/p2ptracker/"

// The packages below redisstore. Each may import those before it.
const (
	keys     = "tracker/redisstore/keys"
	client   = "tracker/redisstore/client"
	shared   = "tracker/redisstore/shared"
	swarm    = "tracker/redisstore/swarm"
	registry = "tracker/redisstore/registry"

	storetest = "tracker/redisstore/internal/storetest"
)

// ours are the packages of this module that each may import. What is missing
// here may import whatever cmd may.
var ours = map[string][]string{
	"lua":                {},
	"tracker":            {},
	"tracker/clientaddr": {"tracker"},
	"tracker/metainfo":   {"tracker"},
	"tracker/bthttp":     {"tracker", "internal/workerpool"},
	"tracker/btudp":      {"tracker", "internal/workerpool"},
	"tracker/rest":       {"tracker", "tracker/metainfo"},
	"tracker/redisstore": {"tracker", keys, client, shared, swarm, registry},
	keys:                 {"tracker"},
	client:               {"tracker", "lua", keys},
	shared:               {"tracker", keys, client},
	swarm:                {"tracker", keys, client, shared},
	registry:             {"tracker", keys, client, shared, swarm},
	storetest: {
		"tracker", "lua", "internal/redistest", "tracker/redisstore", keys, client,
	},
	"tracker/probe":       {"tracker"},
	"smdb":                {"tracker"},
	"smdb/sources":        {"smdb", "tracker"},
	"internal/workerpool": {},
	"etc":                 {},
	"internal/clients":    {"etc"},
	"internal/netlab":     {},
	"internal/redistest":  {},
}

// lab are the packages that each of the laboratory's module may import of both modules.
var lab = map[string][]string{
	"lab/internal/experiment": {},
	"lab/internal/servers":    {},
	"lab/internal/swarmsim":   {"lab/internal/experiment", "tracker"},
	"lab/cmd/announcebench":   {"lab/internal/experiment", "lab/internal/servers", "internal/netlab", "internal/redistest", "lua"},
	"lab/cmd/uplinklab":       {"lab/internal/experiment", "lab/internal/servers", "internal/clients", "internal/netlab", "tracker/metainfo"},
	"lab/cmd/swarmsim":        {"lab/internal/experiment", "lab/internal/servers", "lab/internal/swarmsim", "internal/redistest", "tracker", "tracker/redisstore"},
}

// others are the packages that may import a part from outside; the standard
// library is free to all.
var others = map[string][]string{
	"github.com/redis/rueidis":                {client, shared, swarm, registry, storetest, "lab/cmd/announcebench"},
	"github.com/alicebob/miniredis/v2":        {"tracker/redisstore"},
	"github.com/HdrHistogram/hdrhistogram-go": {"lab/cmd/announcebench"},
	"golang.org/x/sys":                        {"lab/cmd/announcebench", "tracker/bthttp", "tracker/btudp"},
	"github.com/zeebo/bencode":                {"tracker/metainfo", "tracker/bthttp"},
	"github.com/kelseyhightower/envconfig":    {"cmd/p2ptracker"},
	"github.com/joho/godotenv":                {"cmd/p2ptracker"},
	"github.com/spf13/cobra":                  {"cmd/p2ptracker", "cmd/smdbstub"},
	"github.com/prometheus/client_golang":     {"tracker/redisstore", shared, swarm, "tracker/probe", "tracker/bthttp", "tracker/btudp", "smdb", "cmd/p2ptracker"},
	"github.com/maypok86/otter/v2":            {"smdb", shared, swarm},
	"github.com/miekg/dns":                    {"smdb/sources"},
	"github.com/failsafe-go/failsafe-go":      {"smdb"},
	"github.com/theory/jsonpath":              {"smdb/sources"},
	"github.com/cenkalti/backoff/v5":          {"smdb/sources"},
	"go.yaml.in/yaml/v4":                      {"smdb/sources"},
	"github.com/gaissmai/bart":                {"smdb/sources"},
	"github.com/dchest/siphash":               {"tracker/btudp"},
	"golang.org/x/net":                        {"tracker/btudp"},
	"golang.org/x/sync":                       {"tracker/btudp", "cmd/p2ptracker"},
}

func TestImports(t *testing.T) { checkImports(t, "../..", ours) }

func TestLabImports(t *testing.T) {
	checkImports(t, "../../lab", lab)
	out, err := exec.Command("go", "-C", "../../lab", "list", "-deps", "./cmd/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	if slices.Contains(strings.Fields(string(out)), "testing") {
		t.Error("a program of the laboratory imports testing")
	}
}

// noticeChanges has go test run this anew after a change anywhere in a directory: of what other
// programs read it knows nothing.
func noticeChanges(t *testing.T, dir string) {
	t.Helper()
	if err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == ".git" {
			return fs.SkipDir
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// checkImports holds all packages of the module in a directory against what they may import.
func checkImports(t *testing.T, dir string, limits map[string][]string) {
	t.Helper()
	noticeChanges(t, dir)
	out, err := exec.Command("go", "-C", dir, "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var pkg struct {
			ImportPath string
			Imports    []string
		}
		if err := decoder.Decode(&pkg); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(pkg.ImportPath, module)
		seen[name] = true
		for _, imported := range pkg.Imports {
			if !allowed(limits, name, imported) {
				t.Errorf("%s may not import %s", name, imported)
			}
		}
	}
	for name := range limits {
		if !seen[name] {
			t.Errorf("there is no package %s any more", name)
		}
	}
}

func allowed(limits map[string][]string, name, imported string) bool {
	if own, ok := strings.CutPrefix(imported, module); ok {
		list, limited := limits[name]
		return slices.Contains(list, own) || !limited && strings.HasPrefix(name, "cmd/") && !strings.HasPrefix(own, "lab/")
	}
	if first, _, _ := strings.Cut(imported, "/"); !strings.Contains(first, ".") {
		return true
	}
	for part, list := range others {
		if imported == part || strings.HasPrefix(imported, part+"/") {
			return slices.Contains(list, name)
		}
	}
	return false
}
