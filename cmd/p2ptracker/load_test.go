package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// cleanEnvironment unsets every setting until the test ends.
func cleanEnvironment(t *testing.T) {
	t.Helper()
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, prefix) {
			unset(t, name)
		}
	}
	unset(t, configFile)
	for _, s := range settings(&Config{}) {
		unset(t, s.name)
		unset(t, prefix+s.name)
	}
}

// unset lets t restore the variable, also if the program sets it meanwhile.
func unset(t *testing.T, name string) {
	t.Helper()
	t.Setenv(name, "")
	if err := os.Unsetenv(name); err != nil {
		t.Fatal(err)
	}
}

func TestLoadDefaults(t *testing.T) {
	cleanEnvironment(t)
	c, wrong := load("")
	if err := wrong.err(); err != nil {
		t.Fatal(err)
	}
	loopback := "127.0.0.0/8,::1/128"
	for name, want := range map[string]string{
		"HOST": "", "PORT": "6969", "REDISHOST": "", "REDISPORT": "6379", "SMDB_URL": "", "MAX_REPR_RACK": "2",
		"ACTIVE_INTERVAL": "45", "PASSIVE_INTERVAL": "300", "MAXPEERS": "30", "PROXYPASS": "false", "DEBUG": "false",
		"PEER_TTL": "660", "AUTO_REGISTER": "false", "TRUSTED_PROXIES": loopback, "TRUST_IP_PARAM": loopback,
	} {
		if got := valueOf(t, c, name); got != want {
			t.Errorf("%s is %q by default, want %q", name, got, want)
		}
	}
	if got := c.ArchiveTTL.duration(); got != 30*24*time.Hour {
		t.Errorf("ARCHIVE_TTL is %v", got)
	}
}

func valueOf(t *testing.T, c Config, name string) string {
	t.Helper()
	for _, s := range settings(&c) {
		if s.name == name {
			return s.value()
		}
	}
	t.Fatalf("there is no setting %s", name)
	return ""
}

func TestLoadValues(t *testing.T) {
	for _, test := range []struct{ name, value, want string }{
		{"HOST", "::1", "::1"},
		{"HOST", "tracker.example.net", "tracker.example.net"},
		{"PORT", "65535", "65535"},
		{"UDP_PORT", "", ""},
		{"UDP_PORT", "0", "0"},
		{"UDP_PORT", "6970", "6970"},
		{"DEBUG", "True", "true"},
		{"DEBUG", "False", "false"},
		{"DEBUG", "true", "true"},
		{"PROXYPASS", "1", "true"},
		{"PROXYPASS", "0", "false"},
		{"ACTIVE_INTERVAL", "330", "330"},
		{"SHUTDOWN_TIMEOUT", "0", "0"},
		{"TRUSTED_PROXIES", "", ""},
		{"TRUSTED_PROXIES", "10.0.0.1, 2001:db8::/32", "10.0.0.1/32,2001:db8::/32"},
		{"TRUSTED_PROXIES", "::ffff:10.0.0.1", "10.0.0.1/32"},
		{"SMDB_URL", "https://smdb.example.net:8443/v1/", "https://smdb.example.net:8443/v1/"},
		{"SMDB_URL", "https://smdb.example.net/host?ip={ip}", "https://smdb.example.net/host?ip={ip}"},
	} {
		t.Run(test.name+"="+test.value, func(t *testing.T) {
			cleanEnvironment(t)
			t.Setenv(test.name, test.value)
			c, wrong := load("")
			if err := wrong.err(); err != nil {
				t.Fatal(err)
			}
			if got := valueOf(t, c, test.name); got != test.want {
				t.Errorf("is %q, want %q", got, test.want)
			}
		})
	}
}

func TestLoadRefuses(t *testing.T) {
	for _, test := range []struct{ name, value string }{
		{"HOST", "127.0.0.1:6969"},
		{"HOST", "http://tracker"},
		{"PORT", "0"},
		{"PORT", "-1"},
		{"PORT", "65536"},
		{"PORT", ""},
		{"PORT", "http"},
		{"PORT", "99999999999999999999"},
		{"UDP_PORT", "-1"},
		{"UDP_PORT", "65536"},
		{"UDP_PORT", "06969"},
		{"UDP_PORT", "00"},
		{"UDP_PORT", "none"},
		{"REDISHOST", "redis:6379"},
		{"REDISHOST", "redis one"},
		{"REDISPORT", "0"},
		{"REDIS_USERNAME", "tracker"}, // without REDISHOST
		{"REDIS_PASSWORD", "secret"},  // likewise
		{"REDIS_DB", "1"},             // likewise
		{"REDIS_DB", "-1"},
		{"SMDB_URL", "smdb.example.net"},
		{"SMDB_URL", "ftp://smdb.example.net"},
		{"SMDB_URL", "http://"},
		{"SMDB_URL", "http://smdb.example.net/?q=1"},
		{"SMDB_URL", "http://smdb.example.net/?q={IP}"},
		{"SMDB_URL", "http://smdb.example.net/%zz"},
		{"LOCATION_TIMEOUT", "0"},
		{"LOCATION_TTL", "0"},
		{"LOCATION_NEGATIVE_TTL", "0"},
		{"LOCATION_MAX_STALE", "3600"}, // not more than LOCATION_TTL
		{"MAX_REPR_RACK", "0"},
		{"MAX_REPR_RACK", "two"},
		{"MAXPEERS", "0"},
		{"MAXPEERS", "201"},
		{"ACTIVE_INTERVAL", "0"},
		{"ACTIVE_INTERVAL", "45s"},
		{"ACTIVE_INTERVAL", "2147483648"},
		{"PASSIVE_INTERVAL", "-300"},
		{"PEER_TTL", "89"}, // less than twice ACTIVE_INTERVAL
		{"AUTO_REGISTER", "yes"},
		{"ANNOUNCE_TIMEOUT", "0"},
		{"ANNOUNCE_TIMEOUT", "31"},
		{"SCRAPE_ALL", ""},
		{"ADMIN_TOKEN", " geheim"},
		{"ADMIN_TOKEN", "geheim\n"},
		{"ADMIN_TOKEN", " "},
		{"TORRENT_MAX_BYTES", "0"},
		{"ARCHIVE_TTL", "0"},
		{"PROXYPASS", "maybe"},
		{"TRUSTED_PROXIES", "10.0.0.0/33"},
		{"TRUSTED_PROXIES", "10.0.0.1/8"},
		{"TRUSTED_PROXIES", "10.0.0.0/8,"},
		{"TRUSTED_PROXIES", "10.0.0.0/8 192.168.0.0/16"},
		{"TRUST_IP_PARAM", "tracker.example.net"},
		{"TRUST_IP_PARAM", "fe80::1%eth0"},
		{"TRUST_IP_PARAM", "::ffff:10.0.0.0/104"},
		{"SHUTDOWN_TIMEOUT", "-1"},
		{"LOG_FORMAT", ""},
		{"LOG_FORMAT", "JSON"},
		{"DEBUG", "2"},
	} {
		t.Run(test.name+"="+test.value, func(t *testing.T) {
			cleanEnvironment(t)
			t.Setenv(prefix+test.name, test.value)
			_, wrong := load("")
			err := wrong.err()
			if err == nil {
				t.Fatal("was taken")
			}
			if line := err.Error(); !strings.HasPrefix(line, test.name+": ") || strings.Contains(line, "\n") {
				t.Errorf("%q is not one line that begins with the name", line)
			}
		})
	}
}

// Settings that make no sense together; the error names the first.
func TestLoadRefusesTogether(t *testing.T) {
	for _, pairs := range [][][2]string{
		{{"TRUSTED_PROXIES", ""}, {"PROXYPASS", "true"}},
		{{"PEER_TTL", "1199"}, {"ACTIVE_INTERVAL", "600"}},
		{{"LOCATION_MAX_STALE", "60"}, {"LOCATION_TTL", "60"}},
	} {
		cleanEnvironment(t)
		for _, pair := range pairs {
			t.Setenv(pair[0], pair[1])
		}
		if _, wrong := load(""); len(wrong.list) != 1 || !strings.HasPrefix(wrong.list[0].Error(), pairs[0][0]+": ") {
			t.Errorf("%q: wrong are %v", pairs, wrong.list)
		}
	}
}

// All faults are named in one run, each once; settings that depend on each other are held against
// each other only if each of them makes sense.
func TestLoadNamesAll(t *testing.T) {
	file := func(text string) string {
		path := filepath.Join(t.TempDir(), "a.conf")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, test := range []struct {
		name        string
		file        string
		environment map[string]string
		want        []string // how the faults begin
	}{
		{"two values", "", map[string]string{"PORT": "http", "MAXPEERS": "0"}, []string{"PORT: must be a", "MAXPEERS: must be 1"}},
		{"a value and a rule", "", map[string]string{"PORT": "0", "PEER_TTL": "89"}, []string{"PORT: ", "PEER_TTL: must be at least twice"}},
		{"a rule about a value that is wrong", "", map[string]string{"ACTIVE_INTERVAL": "0", "PEER_TTL": "2"}, []string{"ACTIVE_INTERVAL: "}},
		{
			"names in the environment", "",
			map[string]string{"P2PTRACKER_PROT": "1", "P2PTRACKER_HOTS": "a", "DEBUG": "2"},
			[]string{"unknown environment variable P2PTRACKER_HOTS", "unknown environment variable P2PTRACKER_PROT", "DEBUG: "},
		},
		{
			"a file", file("PROT=1\nPORT=0\nHOTS=2\nPEER_TTL=89\n"),
			map[string]string{"MAXPEERS": "x"},
			[]string{"config file ", "config file ", "PORT: ", "MAXPEERS: ", "PEER_TTL: "},
		},
		{
			"a file whose lines cannot be read", file("PORT 0\nACTIVE_INTERVAL 30\nPEER_TTL=60\nMAXPEERS=0\n"), nil,
			[]string{"config file ", "config file ", "MAXPEERS: "},
		},
		{"no file", filepath.Join(t.TempDir(), "missing"), map[string]string{"PORT": "0", "PEER_TTL": "2"}, []string{"config file: ", "PORT: "}},
		{
			"three that need a fourth", "",
			map[string]string{"REDIS_USERNAME": "a", "REDIS_PASSWORD": "b", "REDIS_DB": "1"},
			[]string{"REDIS_USERNAME: ", "REDIS_PASSWORD: ", "REDIS_DB: "},
		},
	} {
		cleanEnvironment(t)
		for name, value := range test.environment {
			t.Setenv(name, value)
		}
		_, wrong := load(test.file)
		if !slices.EqualFunc(wrong.list, test.want, func(err error, begin string) bool {
			return strings.HasPrefix(err.Error(), begin) && !strings.Contains(err.Error(), "\n")
		}) {
			t.Errorf("%s: wrong are\n%v\nwant %q", test.name, wrong.err(), test.want)
		}
	}
}

// Each rule names settings that there are.
func TestRulesNameSettings(t *testing.T) {
	known := settings(&Config{})
	for _, r := range (&Config{}).together() {
		for name := range strings.FieldsSeq(r.settings) {
			if !slices.ContainsFunc(known, func(s setting) bool { return s.name == name }) {
				t.Errorf("%s is no setting", name)
			}
		}
	}
}

// Passwords must not reach a log by way of an error.
func TestLoadErrorsKeepPasswords(t *testing.T) {
	for _, value := range []string{"smdb://me:geheim@x", "http://me:geheim@", "http://me:geheim@x/%zz", "http://me:geheim@x/?q"} {
		cleanEnvironment(t)
		t.Setenv("SMDB_URL", value)
		if _, wrong := load(""); len(wrong.list) != 1 || strings.Contains(wrong.list[0].Error(), "geheim") {
			t.Errorf("%q: wrong are %v", value, wrong.list)
		}
	}
}

// The example that is shipped must be one that starts.
func TestExampleFile(t *testing.T) {
	cleanEnvironment(t)
	c, wrong := load(filepath.Join("..", "..", "etc", "p2ptracker.conf"))
	if err := wrong.err(); err != nil {
		t.Fatal(err)
	}
	if !c.ProxyPass || len(c.TrustedProxies) != 2 {
		t.Errorf("PROXYPASS %v, TRUSTED_PROXIES %v", c.ProxyPass, c.TrustedProxies)
	}
}
