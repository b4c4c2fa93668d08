package smdb

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Settings are those of all sources, as envconfig reads them. A new source is a
// file, with a type that has its settings and the method open, and a line here:
// source is its name in LOCATION, without which its settings may not be set (Check), and
// remote says that it asks somebody who may be slow or away, so that it is put behind the
// bounds of remote.go. Where that is up to its settings, they have a method isRemote
// instead.
type Settings struct {
	SMDBSettings    `source:"smdb" remote:"true"`
	HTTPSettings    `source:"http" remote:"true"`
	DNSSettings     `source:"dns-txt,dns-loc,pattern" remote:"true"` // of all that ask the DNS
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
	// open checks them and returns the source; an error, or each of those that it joins,
	// begins with the name of the setting that makes no sense. A source that is an io.Closer is closed
	// with its chain.
	open(env Env) (Source, error)
}

// defaultLocation is the LOCATION of whoever sets none: the SMDB if there is
// one, as with the older tracker, otherwise subnets.
func (s *Settings) defaultLocation() string {
	if s.SMDBURL != "" {
		return "smdb"
	}
	return "subnet"
}

// Open makes the chain that LOCATION names: sources, separated by commas, in the
// order in which they are asked. It joins all errors, each of which begins with the name of a
// setting.
func Open(location string, s *Settings, env Env) (*Chain, error) {
	location = cmp.Or(location, s.defaultLocation())
	kinds, wrong := kindsNamed(location, s)
	env.dns = s.DNSSettings
	events := newEventCounter(env.Metrics)
	if env.count == nil {
		env.count = events.count
	}
	chain, lookups := &Chain{id: digest(location, s)}, newLookups(env.Metrics)
	for _, kind := range kinds {
		source, err := kind.open(env)
		if err != nil {
			wrong = errors.Join(wrong, err)
			continue
		}
		l := link{name: kind.name, source: source, remote: kind.remote, lookups: newLinkCounters(lookups, kind.name)}
		if closer, ok := source.(io.Closer); ok {
			l.closer = closer
		}
		if kind.remote {
			events.expect(kind.name)
			l.source = newRemote(kind.name, source, env)
		}
		chain.links = append(chain.links, l)
	}
	if wrong != nil {
		chain.Close()
		return nil, wrong
	}
	return chain, nil
}

// of puts the setting's name before an error, if there is one.
func of(setting string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", setting, err)
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
