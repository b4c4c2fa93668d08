package sources

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"

	"github.com/p2ptracker/p2ptracker/smdb"
)

// Settings are those of all sources, as envconfig reads them. A new source is a file with its
// settings and a method that opens it, a line here, and a line in kinds. The tag source names
// the sources that need the settings, without which they may not be set (Check). With the tag
// remote they are needed only if the source is remote.
type Settings struct {
	SMDBSettings    `source:"smdb"`
	HTTPSettings    `source:"http"`
	DNSSettings     `source:"dns-txt,dns-loc,pattern" remote:"true"`
	DNSTXTSettings  `source:"dns-txt"`
	DNSLOCSettings  `source:"dns-loc"`
	SubnetSettings  `source:"subnet"`
	FileSettings    `source:"file"`
	PatternSettings `source:"pattern"`
	CommandSettings `source:"command"`
}

// sourceKind is one source that LOCATION may name.
type sourceKind struct {
	name   string
	remote bool // it asks a service or program that may be slow or away

	// open checks the settings and returns the source; an error, or each of those that it
	// joins, begins with the name of the setting that makes no sense.
	open func(env smdb.Env) (smdb.Source, error)
}

func (s *Settings) kinds() []sourceKind {
	return []sourceKind{
		{"smdb", true, s.openSMDB},
		{"http", true, s.openHTTP},
		{"dns-txt", true, s.openDNSTXT},
		{"dns-loc", true, s.openDNSLOC},
		{"subnet", false, s.openSubnet},
		{"file", false, s.openFile},
		{"pattern", s.LocationPatternOf != "address", s.openPattern},
		{"command", true, s.openCommand},
	}
}

// Open makes the chain that LOCATION names: sources, separated by commas, in the order in which
// they are asked. Without LOCATION that is the SMDB if there is one, as with the older tracker,
// otherwise subnets. Open joins all errors, each of which begins with the name of a setting.
func Open(location string, s *Settings, env smdb.Env) (*smdb.Chain, error) {
	location = cmp.Or(location, s.defaultLocation())
	kinds, wrong := s.kindsNamed(location)
	var links []smdb.Link
	for _, kind := range kinds {
		source, err := kind.open(env)
		if err != nil {
			wrong = errors.Join(wrong, err)
			continue
		}
		links = append(links, smdb.Link{Name: kind.name, Source: source, Remote: kind.remote})
	}
	chain := smdb.NewChain(digest(location, s), links, env)
	if wrong != nil {
		chain.Close()
		return nil, wrong
	}
	return chain, nil
}

func (s *Settings) defaultLocation() string {
	if s.SMDBURL != "" {
		return "smdb"
	}
	return "subnet"
}

// settingError puts the setting's name before an error, if there is one.
func settingError(setting string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", setting, err)
}

// digest is that of LOCATION and all settings but the secret ones.
func digest(location string, s *Settings) string {
	sum := sha256.New()
	fmt.Fprintln(sum, location)
	for _, source := range reflect.ValueOf(s).Elem().Fields() {
		for field, value := range source.Fields() {
			if field.Tag.Get("secret") != "true" {
				fmt.Fprintf(sum, "%s=%v\n", field.Tag.Get("envconfig"), value.Interface())
			}
		}
	}
	return hex.EncodeToString(sum.Sum(nil)[:4])
}
