package main

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

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

// rule is one that several settings must keep together. Settings are their names, the one at fault
// first.
type rule struct {
	broken   bool
	settings string
	reason   string
}

// together are all such rules. The program never replaces a value by what may have been meant.
func (c *Config) together() []rule {
	alone := c.RedisHost == ""
	return []rule{
		// Intervals are spread by a twentieth, and an announce may be lost or late.
		{c.PeerTTL < 2*c.ActiveInterval, "PEER_TTL ACTIVE_INTERVAL", fmt.Sprintf(
			"must be at least twice ACTIVE_INTERVAL (%s), not %s: hosts would count as gone between two announces", c.ActiveInterval, c.PeerTTL)},
		{c.LocationMaxStale <= c.LocationTTL, "LOCATION_MAX_STALE LOCATION_TTL", fmt.Sprintf(
			"must be more than LOCATION_TTL (%s), not %s", c.LocationTTL, c.LocationMaxStale)},
		// No header can carry such a token: HTTP cuts off the blanks.
		{c.AdminToken != strings.TrimSpace(c.AdminToken), "ADMIN_TOKEN", "must not begin or end with a blank"},
		{
			c.ProxyPass && len(c.TrustedProxies) == 0, "TRUSTED_PROXIES PROXYPASS",
			"must not be empty with PROXYPASS=true: all clients would have the proxy's address",
		},
		{alone && c.RedisUsername != "", "REDIS_USERNAME REDISHOST", "needs REDISHOST"},
		{alone && c.RedisPassword != "", "REDIS_PASSWORD REDISHOST", "needs REDISHOST"},
		{alone && c.RedisDB != 0, "REDIS_DB REDISHOST", "needs REDISHOST"},
	}
}
