package main

import (
	"strings"
	"testing"

	"github.com/p2ptracker/p2ptracker/smdb/sources"

	"pgregory.net/rapid"
)

func TestSettingLine(t *testing.T) {
	for _, test := range []struct{ value, want string }{
		{"", "REDIS_USERNAME="},
		{"tracker", "REDIS_USERNAME=tracker"},
		{"a$B", "REDIS_USERNAME='a$B'"},
		{"a#b", "REDIS_USERNAME='a#b'"},
		{" a b\t", "REDIS_USERNAME=' a b\t'"},
		{"it's", "REDIS_USERNAME=it's"},
		{"it's one", `REDIS_USERNAME="it's one"`},
		{"'a'", `REDIS_USERNAME="'a'"`},
		{`"a"`, `REDIS_USERNAME='"a"'`},
		{"it's $1", ""},
		{"a\nb", ""},
	} {
		for _, s := range settings(&Config{RedisUsername: test.value}) {
			if s.name != "REDIS_USERNAME" {
				continue
			}
			if line, ok := s.line(); line != test.want || ok != (test.want != "") {
				t.Errorf("%q: line %q, %v, want %q", test.value, line, ok, test.want)
			}
		}
	}
}

// What is printed reads back as it was, or not at all; never as something else.
func TestPrintedConfigReadsBack(t *testing.T) {
	word := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a '"$#\\=\n{}A]{0,8}`))
	rapid.Check(t, func(t *rapid.T) {
		c := Config{RedisHost: host(word.Draw(t, "host")), RedisUsername: word.Draw(t, "user"), Port: 7000}
		var out strings.Builder
		if err := printConfig(&out, &c); err != nil {
			t.Fatal(err)
		}
		known := settings(&c)
		values, wrong := parseFile(out.String(), known)
		if wrong != nil {
			t.Fatalf("%v in:\n%s", wrong, out.String())
		}
		for _, s := range known {
			value, found := values[s.name]
			comment := "# " + s.name + " is set to what a config file cannot hold\n"
			if found != !strings.Contains(out.String(), comment) || found && value != s.value() {
				t.Errorf("%s: read back %q (%v), want %q", s.name, value, found, s.value())
			}
		}
	})
}

// A URL with a password is hidden as a whole: with the password alone hidden it
// would read back as another one.
func TestURLsWithPasswordsAreHidden(t *testing.T) {
	for url, hidden := range map[sources.URL]bool{
		"": false, "http://smdb": false, "http://me:geheim@smdb": true, "http://geheim@smdb": true, "http://:geheim@smdb": true,
	} {
		var out strings.Builder
		var c Config
		c.SMDBURL = url
		if err := printConfig(&out, &c); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(out.String(), "geheim") {
			t.Errorf("%q is shown", url)
		}
		if got := strings.Contains(out.String(), "# SMDB_URL is set, and hidden\n"); got != hidden {
			t.Errorf("%q: hidden %v, want %v", url, got, hidden)
		}
	}
}
