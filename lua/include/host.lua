-- A host is { address, id, state, left, rack, also, live }: its record, as far as the
-- decisions need it. state: leecher, seeder, paused (a partial seed) or gone.

-- load reads the host recorded at an address, or nil. The record of a second address
-- only names the first.
local function load(addr)
  local r = call('HMGET', record_key(addr), 'host', 'peer_id', 'key', 'state', 'left', 'rack', 'also')
  if r[1] then
    return load(r[1])
  elseif not r[2] then
    return nil
  end
  return { address = addr, id = r[2] .. r[3], state = r[4], left = r[5], rack = r[6],
    also = r[7], live = r[4] ~= 'gone' }
end

-- contact is a host as it is handed out: its one or two addresses.
local function contact(host)
  if host.also == '' then
    return host.address
  end
  return host.address .. ' ' .. host.also
end

-- kind is which part of a swarm a live host is in.
local function kind(host)
  return host.state == 'seeder' and ':seeders' or ':leechers'
end

-- drop_lists forgets the ready lists of a rack: its hosts or their places changed.
local function drop_lists(rack_swarm)
  call('DEL', rack_swarm .. ':list:N', rack_swarm .. ':list:L')
end
