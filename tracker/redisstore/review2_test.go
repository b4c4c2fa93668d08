package redisstore

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestReviewMovedNowhere(t *testing.T) {
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				r := bufio.NewReader(c)
				for {
					line, err := r.ReadString('\n')
					if err != nil {
						return
					}
					n, _ := strconv.Atoi(strings.TrimSpace(line[1:]))
					var words []string
					for range n {
						r.ReadString('\n')
						w, _ := r.ReadString('\n')
						words = append(words, strings.TrimSpace(w))
					}
					t.Log(words)
					switch {
					case words[0] == "HELLO":
						fmt.Fprint(c, "%3\r\n+proto\r\n:3\r\n+version\r\n+7.0.0\r\n+mode\r\n+cluster\r\n")
					case words[0] == "CLIENT":
						fmt.Fprint(c, "+OK\r\n")
					case words[0] == "CLUSTER":
						fmt.Fprintf(c, "*1\r\n*3\r\n:0\r\n:16383\r\n*3\r\n$9\r\n127.0.0.1\r\n:%s\r\n$1\r\nx\r\n", port)
					default:
						fmt.Fprint(c, "-MOVED\r\n")
					}
				}
			}()
		}
	}()
	s := Open(Options{Addr: l.Addr().String(), Timeout: 2 * time.Second, ArchiveTTL: time.Hour}, slog.New(slog.NewTextHandler(io.Discard, nil)))
	defer s.Close()
	time.Sleep(2 * time.Second)
	t.Log(s.Ready(context.Background()))
}
