package sources

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// Every setting has an effect or ends the start: set without its source in LOCATION, it is named.
func TestSettingsBelongToSources(t *testing.T) {
	names := namesOf((&Settings{}).kinds())
	for source := range reflect.TypeFor[Settings]().Fields() {
		owners := strings.Split(source.Tag.Get("source"), ",")
		for field := range source.Type.Fields() {
			name := field.Tag.Get("envconfig")
			for _, location := range names {
				owned := slices.Contains(owners, location)
				s := &Settings{}
				value := reflect.ValueOf(s).Elem().FieldByIndex(append(source.Index, field.Index...))
				for text, mayStand := range map[string]bool{"": true, field.Tag.Get("default"): true, "7": owned} {
					set(value, text)
					err := s.Check(location)
					if (err == nil) != mayStand {
						t.Errorf("%s=%s with LOCATION=%s: %v", name, text, location, err)
					}
					if err != nil && (!strings.HasPrefix(err.Error(), name+": ") || !strings.Contains(err.Error(), "LOCATION")) {
						t.Errorf("%s with LOCATION=%s: %v", name, location, err)
					}
				}
			}
			if !slices.ContainsFunc(owners, func(owner string) bool { return slices.Contains(names, owner) }) {
				t.Errorf("%s belongs to no source", name)
			}
		}
	}
}

func set(value reflect.Value, text string) {
	if value.Kind() == reflect.String {
		value.SetString(text)
		return
	}
	var n int64
	fmt.Sscan(text, &n)
	value.SetInt(n)
}

func TestCheckLocation(t *testing.T) {
	for _, tt := range []struct {
		location string
		settings Settings
		want     string
	}{
		{"", Settings{}, ""},
		{"", Settings{SMDBSettings: SMDBSettings{SMDBURL: "http://smdb", SMDBFields: "row"}}, ""},
		{"", Settings{SubnetSettings: SubnetSettings{SubnetsFile: "racks"}}, ""},
		{"smdb , subnet", Settings{SubnetSettings: SubnetSettings{Subnets: "25,64"}}, ""},
		{"pattern", Settings{DNSSettings: DNSSettings{DNSServers: "ns1"}}, ""},
		{"", Settings{FileSettings: FileSettings{HostsFile: "a.csv"}}, "HOSTS_FILE: is set, but LOCATION is not set, which means subnet: name file in LOCATION, or do not set it"},
		{
			"",
			Settings{SMDBSettings: SMDBSettings{SMDBURL: "http://smdb"}, SubnetSettings: SubnetSettings{SubnetsFile: "racks"}},
			"SUBNETS_FILE: is set, but LOCATION is not set, which means smdb: name subnet in LOCATION, or do not set it",
		},
		{"subnet", Settings{SMDBSettings: SMDBSettings{SMDBURL: "http://me:geheim@smdb"}}, "SMDB_URL: is set, but LOCATION is subnet: name smdb in LOCATION, or do not set it"},
		{"file", Settings{DNSSettings: DNSSettings{DNSServers: "ns1"}}, "DNS_SERVERS: is set, but LOCATION is file, which does not need it: dns-txt, dns-loc, pattern do"},
		{
			"pattern",
			Settings{DNSSettings: DNSSettings{DNSServers: "ns1"}, PatternSettings: PatternSettings{LocationPatternOf: "address"}},
			"DNS_SERVERS: is set, but LOCATION is pattern, which does not need it",
		},
		{"nowhere", Settings{FileSettings: FileSettings{HostsFile: "a.csv"}}, `LOCATION: there is no source "nowhere"`},
		{"file,,smdb", Settings{}, `LOCATION: there is no source ""`},
		{"file,file", Settings{}, "LOCATION: file is named twice"},
	} {
		if err := tt.settings.Check(tt.location); (err == nil) != (tt.want == "") || err != nil && !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%q, %+v: %v; want %s", tt.location, tt.settings, err, tt.want)
		}
	}
}
