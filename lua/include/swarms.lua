-- Who is live in which swarm. A rack's swarm are its live hosts; that of a group around
-- racks, and the global one, the representatives of the groups right below it.

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
  summary.complete, summary.incomplete = call('SCARD', peers_S), call('SCARD', peers_L)
end

-- leave takes a live host out of every live set; why is withdraw's.
local function leave(host, why)
  local path = swarms_of(host.rack)
  withdraw(host, path, 1, why)
  take(host, path, 1)
  mark('SREM', host, path[1])
  host.live = false
end
