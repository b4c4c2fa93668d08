package main

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// check says which setting makes no sense, if one does not. Nothing is ever
// replaced by what may have been meant.
func (c *Config) check() error {
	for _, s := range settings(c) {
		if err := s.checkBounds(); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return c.checkTogether()
}

// checkBounds holds a number against its tags min and max.
func (s setting) checkBounds() error {
	number, isNumber := s.number()
	if !isNumber {
		return nil
	}
	low, hasLow := s.bound("min")
	high, hasHigh := s.bound("max")
	switch {
	case hasLow && hasHigh && (number < low || number > high):
		return fmt.Errorf("must be %d to %d, not %d", low, high, number)
	case hasLow && number < low:
		return fmt.Errorf("must be at least %d, not %d", low, number)
	}
	return nil
}

func (s setting) number() (int64, bool) {
	if span, ok := reflect.TypeAssert[seconds](s.field); ok {
		return int64(span.duration() / time.Second), true
	}
	if s.field.Kind() == reflect.Int {
		return s.field.Int(), true
	}
	return 0, false
}

// bound reads a tag. A test holds that every number has a readable min.
func (s setting) bound(tag string) (int64, bool) {
	n, err := strconv.ParseInt(s.tag.Get(tag), 10, 64)
	return n, err == nil
}

// checkTogether checks what single settings cannot tell.
func (c *Config) checkTogether() error {
	switch {
	// Intervals are spread by a twentieth, and an announce may be lost or late.
	case c.PeerTTL < 2*c.ActiveInterval:
		return fmt.Errorf("PEER_TTL: must be at least twice ACTIVE_INTERVAL (%s), not %s: hosts would count as gone between two announces",
			c.ActiveInterval, c.PeerTTL)
	case c.LocationMaxStale <= c.LocationTTL:
		return fmt.Errorf("LOCATION_MAX_STALE: must be more than LOCATION_TTL (%s), not %s", c.LocationTTL, c.LocationMaxStale)
	// No header can carry such a token: HTTP cuts off the blanks.
	case c.AdminToken != strings.TrimSpace(c.AdminToken):
		return errors.New("ADMIN_TOKEN: must not begin or end with a blank")
	case c.ProxyPass && len(c.TrustedProxies) == 0:
		return errors.New("TRUSTED_PROXIES: must not be empty with PROXYPASS=true: all clients would have the proxy's address")
	case c.RedisHost == "" && c.RedisUsername != "":
		return errors.New("REDIS_USERNAME: needs REDISHOST")
	case c.RedisHost == "" && c.RedisPassword != "":
		return errors.New("REDIS_PASSWORD: needs REDISHOST")
	case c.RedisHost == "" && c.RedisDB != 0:
		return errors.New("REDIS_DB: needs REDISHOST")
	}
	return c.Check(c.Location)
}
