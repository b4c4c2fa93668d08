package shared_test

import (
	"testing"

	"github.com/p2ptracker/p2ptracker/tracker/redisstore/internal/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }
