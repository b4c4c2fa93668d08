package smdb

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Settings are those of all sources, as envconfig reads them. A new source is a
// file, with a type that has its settings and the method open, and a line here:
// source is its name in LOCATION, and remote says that it asks somebody who may be
// slow or away, so that it is put behind the bounds of remote.go. Where that is up
// to its settings, they have a method isRemote instead.
type Settings struct {
	SMDBSettings    `source:"smdb" remote:"true"`
	HTTPSettings    `source:"http" remote:"true"`
	DNSSettings     // of all that ask the DNS
	DNSTXTSettings  `source:"dns-txt" remote:"true"`
	DNSLOCSettings  `source:"dns-loc" remote:"true"`
	SubnetSettings  `source:"subnet"`
	FileSettings    `source:"file"`
	PatternSettings `source:"pattern"`
	CommandSettings `source:"command" remote:"true"`
}

// Env is what every source is given besides its settings.
type Env struct {
	Timeout time.Duration // LOCATION_TIMEOUT: of one try to ask a remote source
	Log     *slog.Logger
	Metrics prometheus.Registerer // where to count; nil: nowhere

	// Open puts these here.
	dns   DNSSettings
	count func(source string, event Event) // of remote sources; by any number of goroutines
}

// opener is the settings of one source.
type opener interface {
	// open checks them and returns the source; an error begins with the name of
	// the setting that makes no sense. A source that is an io.Closer is closed
	// with its chain.
	open(env Env) (Source, error)
}

// DefaultLocation is the LOCATION of whoever sets none: the SMDB if there is
// one, as with the older tracker, otherwise subnets.
func (s *Settings) DefaultLocation() string {
	if s.SMDBURL != "" {
		return "smdb"
	}
	return "subnet"
}

// Open makes the chain that LOCATION names: sources, separated by commas, in the
// order in which they are asked. An error begins with the name of a setting.
func Open(location string, s *Settings, env Env) (*Chain, error) {
	env.dns = s.DNSSettings
	events := newEventCounter(env.Metrics)
	if env.count == nil {
		env.count = events.count
	}
	kinds := kindsOf(s)
	chain, lookups := &Chain{id: digest(location, s)}, newLookups(env.Metrics)
	for name := range strings.SplitSeq(location, ",") {
		name = strings.TrimSpace(name)
		i := slices.IndexFunc(kinds, func(k sourceKind) bool { return k.name == name })
		switch {
		case i < 0:
			err := fmt.Errorf("LOCATION: there is no source %q; there are %s", name, strings.Join(namesOf(kinds), ", "))
			return nil, closeAfter(chain, err)
		case slices.ContainsFunc(chain.links, func(l link) bool { return l.name == name }):
			return nil, closeAfter(chain, fmt.Errorf("LOCATION: %s is named twice", name))
		}
		source, err := kinds[i].open(env)
		if err != nil {
			return nil, closeAfter(chain, err)
		}
		l := link{name: name, source: source, remote: kinds[i].remote, lookups: newLinkCounters(lookups, name)}
		if closer, ok := source.(io.Closer); ok {
			l.closer = closer
		}
		if kinds[i].remote {
			events.expect(name)
			l.source = newRemote(name, source, env)
		}
		chain.links = append(chain.links, l)
	}
	return chain, nil
}

// digest tells chains apart that may say different things of a host: what one said is
// no news to another. Secrets are left out.
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

func closeAfter(chain *Chain, err error) error {
	chain.Close()
	return err
}

// sourceKind is one line of Settings.
type sourceKind struct {
	opener
	name   string
	remote bool
}

func kindsOf(s *Settings) []sourceKind {
	value := reflect.ValueOf(s).Elem()
	var kinds []sourceKind
	for i := range value.NumField() {
		tag := value.Type().Field(i).Tag
		if o, ok := reflect.TypeAssert[opener](value.Field(i).Addr()); ok {
			remote := tag.Get("remote") == "true"
			if asked, ok := o.(interface{ isRemote() bool }); ok {
				remote = asked.isRemote()
			}
			kinds = append(kinds, sourceKind{opener: o, name: tag.Get("source"), remote: remote})
		}
	}
	return kinds
}

func namesOf(kinds []sourceKind) []string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.name
	}
	return names
}
