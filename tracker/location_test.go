package tracker

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Names as databases hold them: what stands in Redis, and what a person reads.
var namedPlaces = []struct {
	names       []string
	key, person string
}{
	{[]string{"r17"}, "r17", "r17"},
	{[]string{"dc1", "row3", "r17"}, "dc1/row3/r17", "dc1/row3/r17"},
	{[]string{"A+@-._z"}, "A+@-._z", "A+@-._z"},
	{[]string{"FA 12"}, "FA%2012", "FA 12"},
	{[]string{"DC1:R17"}, "DC1%3AR17", "DC1:R17"},
	{[]string{"A/12"}, "A%2F12", "A%2F12"},
	{[]string{"dc1", "A/12"}, "dc1/A%2F12", "dc1/A%2F12"},
	{[]string{"Käfig-3"}, "K%C3%A4fig-3", "Käfig-3"},
	{[]string{" r17 ", "\tr18\u00a0\n"}, "r17/r18", "r17/r18"},
	{[]string{"{r1}*"}, "%7Br1%7D%2A", "{r1}*"},
	{[]string{"50%"}, "50%25", "50%"},
	{[]string{"%2F", "%2f", "%25", "%20"}, "%252F/%252f/%2525/%2520", "%252F/%252f/%2525/%20"},
	{[]string{"%/%"}, "%25%2F%25", "%%2F%"},
	{[]string{"機架十七"}, "%E6%A9%9F%E6%9E%B6%E5%8D%81%E4%B8%83", "機架十七"},
	{[]string{"."}, ".", "."},
	{[]string{strings.Repeat("ä", 32)}, strings.Repeat("%C3%A4", 32), strings.Repeat("ä", 32)},
}

func TestLocationOfNames(t *testing.T) {
	for _, tt := range namedPlaces {
		location, err := NewLocation(tt.names...)
		if err != nil || string(location) != tt.key || location.String() != tt.person {
			t.Errorf("%q: %q, %q, %v", tt.names, string(location), location, err)
		}
		checkLocation(t, location)
	}
}

var inKeys = regexp.MustCompile(`^([A-Za-z0-9._@+-]|%[0-9A-F]{2}){1,64}(/([A-Za-z0-9._@+-]|%[0-9A-F]{2}){1,64}){0,3}$`)

// checkLocation holds a location against what it is written as for keys and for people.
func checkLocation(t interface{ Fatalf(string, ...any) }, l Location) {
	if again, err := ParseLocation(l.String()); err != nil || again != l {
		t.Fatalf("%q is read as %q, %v", l, string(again), err)
	}
	if again, err := ReadLocation(string(l)); err != nil || again != l {
		t.Fatalf("%q is read as %q, %v", string(l), string(again), err)
	}
	if !inKeys.MatchString(string(l)) {
		t.Fatalf("%q cannot stand in a key", string(l))
	}
}

// What people write is more than what they are shown.
func TestParseLocation(t *testing.T) {
	for text, want := range map[string]string{
		"dc1 / FA 12": "dc1/FA%2012", "A%2f12": "A%2F12", "50%25": "50%25", "50%": "50%25", "%252F": "%252F", "a%3Ab": "a%253Ab",
	} {
		if location, err := ParseLocation(text); err != nil || string(location) != want {
			t.Errorf("%q: %q, %v", text, string(location), err)
		}
	}
}

// An error shows the name, but not a book of it.
func TestLocationErrors(t *testing.T) {
	for _, tt := range []struct{ path, want string }{
		{"", `"" has a group without a name`},
		{"/r1", `"/r1" has a group without a name`},
		{"r1/", `"r1/" has a group without a name`},
		{"a// b", `"a// b" has a group without a name`},
		{"dc1/ \t", `has a group without a name`},
		{"a/b/c/d/e", `"a/b/c/d/e" has 5 groups, and only 1 to 4 can be`},
		{"dc1/r\n1", `group "r\n1" holds a control character`},
		{"r\x00", `group "r\x00" holds a control character`},
		{"r\u0085x", `group "r\u0085x" holds a control character`},
		{"r\xff", `group "r\xff" is not UTF-8`},
		{"r\ufffd", `group "r�" is not UTF-8`},
		{strings.Repeat("x", 65), `group "` + strings.Repeat("x", 65) + `" has more than 64 bytes`},
		{strings.Repeat("ä", 5000), `group "` + strings.Repeat("ä", 80) + `" has more than 64 bytes`},
		{strings.Repeat("/", 5000), `has 5001 groups`},
	} {
		location, err := ParseLocation(tt.path)
		if location != "" || err == nil || !strings.Contains(err.Error(), tt.want) || len(err.Error()) > 400 {
			t.Errorf("%.80q: %q, %v", tt.path, string(location), err)
		}
	}
	if _, err := NewLocation(); err == nil {
		t.Error("no names were taken")
	}
}

// What is no Location cannot come back from Redis as one.
func TestReadLocationErrors(t *testing.T) {
	for _, text := range []string{
		"", "/", "r1/", "a/b/c/d/e", "r 1", "r:1", "{r1}", "ä", "%3a", "%41", "%", "%4", "%zz", "%20r1", "r1%20", "%00", "%FF", "%EF%BF%BD",
		strings.Repeat("x", 65), strings.Repeat("%20", 65),
	} {
		if location, err := ReadLocation(text); err == nil || location != "" {
			t.Errorf("%q: %q", text, string(location))
		}
	}
}

// Whatever is no Location is shown, and not lost.
func TestLocationShowsWhatIsNone(t *testing.T) {
	for _, text := range []string{"", "%", "a/%zz", "a b"} {
		if got := Location(text).String(); got != text {
			t.Errorf("%q: %q", text, got)
		}
	}
}

// Logs and replies show it to people.
func TestLocationIsShown(t *testing.T) {
	text, err := json.Marshal(map[string]any{"rack": Location("DC1%3AR17")})
	if got := fmt.Sprint(Location("DC1%3AR17")); err != nil || string(text) != `{"rack":"DC1:R17"}` || got != "DC1:R17" {
		t.Errorf("%s, %s, %v", text, got, err)
	}
}

// Names are told apart by what they are, and none is lost on the way to Redis and back.
func TestLocationKeepsNames(t *testing.T) {
	name := rapid.OneOf(
		rapid.StringOfN(rapid.RuneFrom([]rune("aF2f5%/ :{}ä\u00a0")), 1, 12, 64),
		rapid.StringN(1, 20, 64),
	)
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfN(name, 1, MaxGroups).Draw(t, "names")
		location, err := NewLocation(names...)
		if err != nil {
			return
		}
		checkLocation(t, location)
		for i, name := range names {
			names[i] = strings.TrimSpace(name)
		}
		var back []string
		for group := range strings.SplitSeq(string(location), "/") {
			name, err := unescapeGroup(group)
			if err != nil {
				t.Fatal(err)
			}
			back = append(back, name)
		}
		if !slices.Equal(back, names) {
			t.Fatalf("%q became %q", names, back)
		}
	})
}

func FuzzParseLocation(f *testing.F) {
	for _, tt := range namedPlaces {
		f.Add(tt.key)
		f.Add(tt.person)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if location, err := ParseLocation(text); err == nil {
			checkLocation(t, location)
		} else if location != "" || len(err.Error()) > 1000 {
			t.Fatalf("%q, %v", string(location), err)
		}
		if location, err := ReadLocation(text); err == nil {
			checkLocation(t, location)
		}
	})
}

func TestLocationGroups(t *testing.T) {
	if got := fmt.Sprint(Location("dc1/row3/r17").Groups()); got != "[dc1/row3/r17 dc1/row3 dc1]" {
		t.Error(got)
	}
}
