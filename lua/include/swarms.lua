-- Who is live in which swarm. A rack's swarm are its live hosts; that of a group around
-- racks, and the global one, the representatives of the groups right below it. A swarm is
-- kept as two sorted sets, its seeders and its leechers: members are contacts, scores the
-- times at which they expire.

-- drop_lists forgets the ready lists of a rack: its hosts or their places changed.
local function drop_lists(rack_swarm)
  call('DEL', rack_swarm .. ':list:N', rack_swarm .. ':list:L')
end

-- deadline_of is when a live host expires if it stays silent.
local function deadline_of(host, path)
  return tonumber(call('ZSCORE', path[1] .. kind(host), contact(host))) or now + ttl
end

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
local function enter(host, path, until_)
  call('ZADD', path[1] .. kind(host), until_, contact(host))
  if not host.live then
    host.live = true
    drop_lists(path[1])
    mark('SADD', host, path[1])
    call('ZADD', expires, 'LT', until_, host.rack)
  end
end

-- withdraw ends a host's part in the swarms beyond path[level] and gives up its
-- places from there outwards.
local function withdraw(host, path, level)
  while level < #path and call('SREM', path[level] .. ':R', host.address) == 1 do
    if level == 1 then
      call('SREM', peers_R, host.address)
      drop_lists(path[1])
    end
    level = level + 1
    call('ZREM', path[level] .. kind(host), contact(host))
  end
end

-- leave takes a live host out of every live set.
local function leave(host)
  local path = swarms_of(host.rack)
  withdraw(host, path, 1)
  call('ZREM', path[1] .. kind(host), contact(host))
  mark('SREM', host, path[1])
  drop_lists(path[1])
  host.live = false
end
