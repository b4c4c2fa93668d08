-- Who is live in which swarm. A rack's swarm are its live hosts; that of a group around
-- racks, and the global one, the representatives of the groups right below it. A swarm is
-- kept as two sorted sets, its seeders and its leechers: members are contacts, scores the
-- times when they were last seen.

-- mark puts a host into the live sets an operator reads (SADD), or takes it out (SREM).
local function mark(verb, host, rack_swarm)
  call(verb, rack_swarm .. ':N', host.address)
  if host.state == 'seeder' then
    call(verb, peers_S, host.address)
    call(verb, rack_swarm .. ':S', host.address)
  else
    call(verb, peers_L, host.address)
  end
  if host.state == 'paused' then
    call(verb, peers_P, host.address)
  end
end

-- enter makes a host live in its rack, or live for longer.
local function enter(host, path)
  call('ZADD', path[1] .. kind(host), host.seen, contact(host))
  if not host.live then
    host.live = true
    drop_lists(path[1])
    mark('SADD', host, path[1])
    call('ZADD', oldest, 'LT', host.seen, host.rack)
  end
end

-- leave takes a live host out of every live set; why is withdraw's.
local function leave(host, why)
  local path = swarms_of(host.rack)
  withdraw(host, path, 1, why)
  call('ZREM', path[1] .. kind(host), contact(host))
  mark('SREM', host, path[1])
  drop_lists(path[1])
  host.live = false
end
