package main

import (
	"regexp"
	"strings"
	"testing"
)

var settingName = regexp.MustCompile(`^[A-Z]+(_[A-Z]+)*$`)

// Every setting says what it means, and every number what it may be.
func TestSettingsAreDocumented(t *testing.T) {
	seen := make(map[string]bool)
	for _, s := range settings(&Config{}) {
		if !settingName.MatchString(s.name) || seen[s.name] {
			t.Errorf("%q is no name, or is there twice", s.name)
		}
		seen[s.name] = true
		if s.meaning == "" || strings.ContainsAny(s.meaning, "\n|") {
			t.Errorf("%s: the meaning %q does not fit a line of a table", s.name, s.meaning)
		}
		if _, isNumber := s.number(); !isNumber {
			continue
		}
		low, hasLow := s.bound("min")
		high, hasHigh := s.bound("max")
		if !hasLow || s.defaultValue == "" {
			t.Errorf("%s: a number needs a min and a default", s.name)
		}
		if s.tag.Get("max") != "" && (!hasHigh || high < low) {
			t.Errorf("%s: max %q", s.name, s.tag.Get("max"))
		}
	}
	for _, name := range []string{
		"HOST", "PORT", "REDISHOST", "REDISPORT", "SMDB_URL", "MAX_REPR_RACK", "ACTIVE_INTERVAL", "PASSIVE_INTERVAL",
		"MAXPEERS", "PROXYPASS", "DEBUG",
	} {
		if !seen[name] {
			t.Errorf("%s of the older tracker is missing", name)
		}
	}
}

func TestSecretsAreHidden(t *testing.T) {
	c := Config{AdminToken: "geheim", RedisPassword: "geheim"}
	c.SMDBToken, c.HTTPToken = "geheim", "geheim"
	var out strings.Builder
	if err := printConfig(&out, &c); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "geheim") {
		t.Errorf("a secret is shown:\n%s", out.String())
	}
	if n := strings.Count(out.String(), "is set, and hidden"); n != 4 {
		t.Errorf("%d secrets are said to be hidden, want 4", n)
	}
}
