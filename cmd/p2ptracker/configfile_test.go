package main

import (
	"maps"
	"strings"
	"testing"
)

func TestParseFile(t *testing.T) {
	known := settings(&Config{})
	for _, test := range []struct {
		name, text string
		want       map[string]string // nil: refused
	}{
		{"empty", "", map[string]string{}},
		{"comments and blanks", "# PORT=1\n\n  \t\r\n#\n", map[string]string{}},
		{"both forms of a name", "PORT=1\nP2PTRACKER_HOST=h\n", map[string]string{"PORT": "1", "HOST": "h"}},
		{"no newline at the end", "PORT=1", map[string]string{"PORT": "1"}},
		{"CRLF", "PORT=1\r\nHOST=h\r\n", map[string]string{"PORT": "1", "HOST": "h"}},
		{"byte order mark", "\ufeffPORT=1\n", map[string]string{"PORT": "1"}},
		{"spaces", " PORT = 1 \n", map[string]string{"PORT": "1"}},
		{"export, as for a shell", "export PORT=1", map[string]string{"PORT": "1"}},
		{"empty value", "REDISHOST=\nPORT=1\n", map[string]string{"REDISHOST": "", "PORT": "1"}},
		{"comment behind a value", "PORT=1 # one", map[string]string{"PORT": "1"}},
		{"single quotes", "ADMIN_TOKEN='a $B # \"c'", map[string]string{"ADMIN_TOKEN": `a $B # "c`}},
		{"double quotes", `ADMIN_TOKEN="a # b"`, map[string]string{"ADMIN_TOKEN": "a # b"}},
		{"$ outside of quotes", "ADMIN_TOKEN=a$B", nil},
		{"$ in double quotes", `ADMIN_TOKEN="a$B"`, nil},
		{"unknown", "PROT=1", nil},
		{"unknown with the prefix", "P2PTRACKER_PROT=1", nil},
		{"lower case", "port=1", nil},
		{"the prefix alone", "P2PTRACKER_=1", nil},
		{"twice", "PORT=1\nPORT=1", nil},
		{"no name", "=1", nil},
		{"no equals sign", "PORT\n", nil},
		{"quote without end", "ADMIN_TOKEN='a", nil},
		{"a value of two lines", "ADMIN_TOKEN='a\nb'", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, wrong := parseFile(test.text, known)
			if (wrong != nil) != (test.want == nil) {
				t.Fatalf("%v, errors %v", got, wrong)
			}
			if wrong == nil && !maps.Equal(got, test.want) {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

func FuzzParseFile(f *testing.F) {
	for _, text := range []string{"PORT=1\n", "# c\nP2PTRACKER_HOST='a$B'\n", "export DEBUG = \"x\\n\" # c", "A=${PORT}", "PORT:1", "'"} {
		f.Add(text)
	}
	known := settings(&Config{})
	f.Fuzz(func(t *testing.T, text string) {
		values, wrong := parseFile(text, known)
		for _, err := range wrong {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("%q is not one line", err)
			}
		}
		for name, value := range values {
			if !settingName.MatchString(name) || strings.HasPrefix(name, prefix) {
				t.Errorf("took the name %q", name)
			}
			// A value holds no variable that godotenv put in.
			if strings.Count(value, "$") > strings.Count(text, "$") {
				t.Errorf("%s became %q", name, value)
			}
		}
	})
}
