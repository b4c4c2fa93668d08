-- Which host is it that announces, if it is not just the one last seen at its address?
-- A peer id and key counts at one address of each family (R7): another address of the same family
-- is a host of its own. Clones of one image share a peer id and key, so it joins two addresses only
-- as long as a single host has it.

local function is_ipv6(addr)
  return string.byte(addr) == 91 -- [
end

-- expire_if_due lets a host go that should have gone already, or nil. It returns the host if it
-- still counts.
local function expire_if_due(host)
  if backlog and host and host.live and last_seen(host.address) <= due then
    expire_host(host.address)
  end
  return host and loaded[host.address]
end

-- enter makes a host live in its rack.
local function enter(host, path)
  host.live = true
  put(host, path, 1)
  mark('SADD', host, path[1])
end

-- make_room says whether there is room for a host at this address. Where an IP address is full, the
-- host leaves that is gone for longest.
local function make_room(addr)
  local ip = ip_of(addr)
  local _, gone, _, n = machine_at(ip)
  if n < hosts_per_address or load_host(addr) then
    return true
  end
  local oldest = string.match(gone, '%d+')
  local leaver = oldest and load_host(ip .. ':' .. oldest)
  if leaver then
    forget(leaver, 'replaced')
  elseif oldest then -- its record was lost
    write_machine(ip .. ':' .. oldest, nil)
  end
  return oldest
end

-- relocate puts a host, with all that is known of it, at its IPv4 address.
local function relocate(host, addr)
  local six = host.address
  if host.before then
    call('RENAME', record_key(six), record_key(addr))
    strike_off(host)
  end
  loaded[six], loaded[addr] = nil, host
  host.address = addr
  if host.before then
    enrol(host, six)
  end
end

-- detach takes a host's address of the other family from it.
local function detach(host)
  local was_live = host.live
  if was_live then
    leave(host, 'changed')
  end
  call('DEL', record_key(host.also))
  write_machine(host.also, nil)
  host.also = ''
  note(host.address, 'also', '')
  if was_live then
    host.seen = last_seen(host.address)
    enter(host, swarms_of(host.rack))
    write_state(host)
  end
end

-- attach gives a host its address of the other family, if there is room. A host that has both is
-- known, and located, by the IPv4 one. An address belongs to one host: another identity that had it
-- is gone, whatever it said last, and a namesake keeps its other address.
local function attach(host, addr)
  if addr == '' or addr == host.also or is_ipv6(addr) == is_ipv6(host.address)
    or ip_of(addr) ~= ip_of(host.also) and not make_room(addr) then
    return
  end
  local other = load_host(addr)
  if other and other.id == host.id and other.also == addr then
    detach(other)
  elseif other then
    forget(other, 'replaced')
  end
  if host.live then
    leave(host, 'changed')
  end
  if host.also ~= '' then
    call('DEL', record_key(host.also))
    write_machine(host.also, nil)
  end
  if is_ipv6(host.address) then
    local six = host.address
    relocate(host, addr)
    addr = six
  end
  host.also = addr
  call('HSET', record_key(addr), 'host', host.address)
  host.alone = write_machine(addr, 'live') == 1 and (not host.before or host.alone)
end

-- move puts a host into another rack; what it had counts there from now on.
local function move(host, rack)
  if host.live then
    leave(host, 'moved')
  end
  tally(host, nil, host.seeded)
  call('HDEL', record_key(host.address), 'rack6')
  host.rack = rack
end

-- other_half returns the host of this peer id and key that has no address of the announce's family
-- yet: the one at the other address that the announce says, else the only one.
local function other_half()
  local addr = also
  if addr == '' then
    local last, n = read_identity(peer_id .. key)
    addr = n == 1 and last or ''
  end
  local host = expire_if_due(addr ~= '' and load_host(addr) or nil)
  if host and host.id == peer_id .. key and host.also == ''
    and is_ipv6(host.address) ~= is_ipv6(address) then
    return host
  end
end

-- stopping returns the only host of this peer id and key at the IP address, if the announce says
-- port 0, as it may.
local function stopping()
  local ip, found = string.match(address, '^(.*):0$'), nil
  for _, host in ipairs(ip and hosts_on(ip) or {}) do
    if host.id == peer_id .. key then
      if found then
        return nil
      end
      found = host
    end
  end
  return found
end

-- Who had the address of the host that announces until now, if that was another one.
local replaced

-- known_host returns the host that announces, if it has been seen before. recorded: who was last
-- seen at its address.
local function known_host(recorded)
  recorded = expire_if_due(recorded)
  if recorded and recorded.id == peer_id .. key then
    return recorded
  elseif event == 'stopped' then -- a late stop displaces nobody
    return stopping() or other_half()
  end
  replaced = recorded
  return other_half()
end

-- first_rack is where a host stands that was never seen. `racks6` keeps which racks by IPv6 turned out
-- to be which ones by IPv4, since their hosts have both addresses; empty: now one, now another. Where no
-- host is in the rack by IPv6, one that comes to it is most likely another one of these, and its IPv4
-- announce on its way: until its next announce it is in that rack. Else each would be alone in its
-- rack by IPv6 for a moment, and be handed peers from outside.
local function first_rack()
  local rack = is_ipv6(address) and call('SISMEMBER', racks, location) == 0 and call('HGET', racks6, location)
  return rack and rack ~= '' and rack or location
end

-- learn_rack notes which rack by IPv4 the host is in that was in a rack by IPv6.
local function learn_rack(host)
  local by_ipv6 = call('HGET', record_key(host.address), 'rack6') or host.rack
  local known = call('HGET', racks6, by_ipv6)
  if by_ipv6 ~= location and known ~= location then
    call('HSET', racks6, by_ipv6, known and '' or location)
  end
end

-- find_host returns the host that announces, or nil: a host never seen before that stops is nobody,
-- and one whose IP address is full is told so.
local function find_host(recorded)
  local host = known_host(recorded)
  if not host and event == 'stopped' then
    return nil
  elseif not host and not replaced and not make_room(address) then
    tell('crowded')
    return nil
  elseif not host then
    host = { address = address, id = peer_id .. key, also = '', rack = first_rack(), shelves = {},
      live = false }
    loaded[address] = host
  end
  host.joined, host.before = not host.live, host.left
  host.represented = math.max(#host.shelves - 1, 0)
  return host
end

-- arrive gives a host the addresses that its announce says, and the rack, if it announces from the
-- address that decides.
local function arrive(host)
  local by_ipv6 = is_ipv6(host.address)
  attach(host, address)
  attach(host, also)
  if host.before and host.address == address then
    if by_ipv6 and not is_ipv6(address) then
      learn_rack(host)
    end
    if host.rack ~= location then
      move(host, location)
    end
  end
end
