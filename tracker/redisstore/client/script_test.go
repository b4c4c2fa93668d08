package client_test

import (
	"testing"

	"github.com/p2ptracker/p2ptracker/tracker/redisstore/client"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/internal/storetest"
)

func TestScriptHeaders(t *testing.T) { storetest.CheckHeaders(t, client.Calls()) }
