package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
)

// traffic is bytes of frames that went into a group, or to a host, and out of it.
type traffic struct{ in, out int }

func (t traffic) minus(u traffic) traffic { return traffic{t.in - u.in, t.out - u.out} }

// counters are what the interfaces have counted: each group's uplink and each host's link, by
// namespace.
type counters map[string]traffic

func (c counters) minus(d counters) counters {
	difference := counters{}
	for namespace, t := range c {
		difference[namespace] = t.minus(d[namespace])
	}
	return difference
}

// count reads the counters. Frames that a queue has dropped, or still has, are not in them.
func (n *network) count() (counters, error) {
	c := counters{}
	for _, around := range append([]*group{{namespace: core}}, n.groups...) {
		links, err := readLinks(around.namespace)
		if err != nil {
			return nil, err
		}
		if around.namespace != core {
			c[around.namespace] = links["uplink"]
		}
		for _, h := range n.all() {
			// What goes into a host goes out of our end of its link.
			if link := links[h.namespace]; h.around == around.namespace {
				c[h.namespace] = traffic{in: link.out, out: link.in}
			}
		}
	}
	return c, nil
}

// readLinks asks ip(8) for what the interfaces of a namespace have received and sent.
func readLinks(namespace string) (map[string]traffic, error) {
	args := []string{"-json", "-statistics", "link", "show"}
	if namespace != core {
		args = append([]string{"-netns", namespace}, args...)
	}
	out, err := exec.CommandContext(context.Background(), "ip", args...).Output()
	if err != nil {
		return nil, fmt.Errorf("counters of %s: %w", namespace, err)
	}
	var links []struct {
		Name  string `json:"ifname"`
		Stats struct {
			Received struct{ Bytes int } `json:"rx"`
			Sent     struct{ Bytes int } `json:"tx"`
		} `json:"stats64"`
	}
	if err := json.Unmarshal(out, &links); err != nil {
		return nil, fmt.Errorf("counters of %s: %w", namespace, err)
	}
	read := map[string]traffic{}
	for _, link := range links {
		read[link.Name] = traffic{in: link.Stats.Received.Bytes, out: link.Stats.Sent.Bytes}
	}
	return read, nil
}
