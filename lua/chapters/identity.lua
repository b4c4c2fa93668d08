-- Which host announces, if it is not just the one last seen at its address? A peer id and key
-- counts at one address of each family (R7): at another address of the same family it is another
-- host. Clones of one image share a peer id and key, so an announce joins two addresses only if a
-- single host has it.

local function is_ipv6(addr)
  return string.byte(addr) == 91 -- [
end

-- split adds a part to the index, and moves the entries that belong there now.
local function split()
  parts = parts + 1
  call('SET', key('hosts'), parts)
  local size = 1
  while size < parts do
    size = 2 * size
  end
  local old = part_key(parts - size / 2)
  local entries = call('HGETALL', old)
  call('DEL', old) -- else it stays as large as it was
  for i = 1, #entries, 2 do
    local digest = string.find(entries[i], '[.:]') and digest_of(entries[i]) or entries[i]
    call('HSET', part_key(part_of(digest)), entries[i], entries[i + 1])
  end
end

-- enrol adds a host to those seen and to the index. instead: the address that it had there before,
-- if it was known by IPv6 only.
local function enrol(host, instead)
  local HOSTS_OF_PART = 40
  call('SADD', key('peers:N'), host.address)
  host.alone = write_machine(host.address, 'live') == 1 and host.alone ~= false
  local last, n, part, digest = read_identity(host.id)
  if not instead then
    host.namesake = n == 1 and last or nil
    last, n = host.address, n + 1
  elseif last == instead then
    last = host.address
  end
  write_identity(part, digest, last, n)
  if call('SCARD', key('peers:N')) > parts * HOSTS_OF_PART then
    split()
  end
end

-- expire_if_due expires a host if it is due. host may be nil. It returns the host, unless it was
-- forgotten.
local function expire_if_due(host)
  if backlog and host and host.live and is_due(host.address) then
    expire_host(host.address)
  end
  return host and loaded[host.address]
end

-- make_room says whether there is room for a host at this address: an IP address has so many hosts
-- at most. If it is full, the host that has been gone for longest is forgotten.
local function make_room(addr, most)
  local ip = ip_of(addr)
  local _, gone, _, n = machine_at(ip)
  if n < most or load_host(addr) then
    return true
  end
  local oldest = string.match(gone, '%d+')
  local longest_gone = oldest and load_host(ip .. ':' .. oldest)
  if longest_gone then
    forget(longest_gone, 'replaced')
  elseif oldest then -- its record was lost
    write_machine(ip .. ':' .. oldest, nil)
  end
  return oldest
end

-- relocate moves a host's record to its IPv4 address.
local function relocate(host, addr)
  local six = host.address
  if host.before then
    call('RENAME', record_key(six), record_key(addr))
    unlist(host)
  end
  loaded[six], loaded[addr] = nil, host
  host.address = addr
  if host.before then
    enrol(host, six)
  end
end

-- detach removes a host's address of the other family.
local function detach(host)
  local was_live = host.live
  if was_live then
    depart(host, 'changed')
  end
  call('DEL', record_key(host.also))
  write_machine(host.also, nil)
  host.also = ''
  note(host.address, 'also', '')
  if was_live then
    host.seen = last_seen(host.address)
    enter(host)
    write_state(host)
  end
end

-- attach gives a host its address of the other family, if there is room. A host that has both is
-- known, and located, by the IPv4 one. An address belongs to one host: another host that had it is
-- forgotten, and a host of the same identity keeps its other address.
local function attach(host, addr, most)
  if addr == '' or addr == host.also or is_ipv6(addr) == is_ipv6(host.address)
    or ip_of(addr) ~= ip_of(host.also) and not make_room(addr, most) then
    return
  end
  local other = load_host(addr)
  if other and other.id == host.id and other.also == addr then
    detach(other)
  elseif other then
    forget(other, 'replaced')
  end
  if host.live then
    depart(host, 'changed')
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

-- move moves a host to another rack, where it counts from now on.
local function move(host, rack)
  if host.live then
    depart(host, 'moved')
  end
  tally(host, nil, host.seeded)
  call('HDEL', record_key(host.address), 'rack6')
  host.rack = rack
end

-- other_half returns the host of this peer id and key that has no address of the announce's family
-- yet: the one at the other address that the announce gives, else the only one.
local function other_half(a)
  local addr = a.also
  if addr == '' then
    local last, n = read_identity(a.id)
    addr = n == 1 and last or ''
  end
  local host = expire_if_due(addr ~= '' and load_host(addr) or nil)
  if host and host.id == a.id and host.also == ''
    and is_ipv6(host.address) ~= is_ipv6(a.address) then
    return host
  end
end

-- stopping returns the only host of this peer id and key at the IP address, if the announce says
-- port 0, as a stop may.
local function stopping(a)
  local ip, found = string.match(a.address, '^(.*):0$'), nil
  for _, host in ipairs(ip and hosts_on(ip) or {}) do
    if host.id == a.id then
      if found then
        return nil
      end
      found = host
    end
  end
  return found
end

-- The other host, if there is one, that had the address of this announce until now.
local replaced

-- known_host returns the host that announces, if it has been seen before. recorded: the host last
-- seen at its address.
local function known_host(a, recorded)
  recorded = expire_if_due(recorded)
  if recorded and recorded.id == a.id then
    return recorded
  elseif a.event == 'stopped' then -- a late stop replaces nobody
    return stopping(a) or other_half(a)
  end
  replaced = recorded
  return other_half(a)
end

-- first_rack is the rack of a host that was never seen. `racks6` keeps which rack by IPv6 is which
-- one by IPv4, learnt from hosts that have both addresses; empty: not always the same. A new host
-- whose rack by IPv6 has no hosts most likely has an IPv4 address, too, and its announce is on its
-- way. So the host is in the rack by IPv4 until its next announce. Else it would be alone in its
-- rack by IPv6 for a moment, and be handed peers from outside.
local function first_rack(a)
  local rack = is_ipv6(a.address) and call('SISMEMBER', key('racks'), a.location) == 0
    and call('HGET', key('racks6'), a.location)
  return rack and rack ~= '' and rack or a.location
end

-- learn_rack notes the rack by IPv4 of a host that was in a rack by IPv6.
local function learn_rack(host, location)
  local by_ipv6 = call('HGET', record_key(host.address), 'rack6') or host.rack
  local known = call('HGET', key('racks6'), by_ipv6)
  if by_ipv6 ~= location and known ~= location then
    call('HSET', key('racks6'), by_ipv6, known and '' or location)
  end
end

-- find_host returns the host that announces. It returns nil if a host stops that was never seen, or
-- if there is no room for a new host at its IP address.
local function find_host(a, recorded)
  local host = known_host(a, recorded)
  if not host and a.event == 'stopped' then
    return nil
  elseif not host and not replaced and not make_room(a.address, a.hosts_per_address) then
    tell('crowded')
    return nil
  elseif not host then
    host = { address = a.address, id = a.id, also = '', rack = first_rack(a), pages = {},
      live = false }
    loaded[a.address] = host
  end
  host.joined, host.before = not host.live, host.left
  return host
end

-- arrive gives a host the addresses of its announce. It gives it the rack, too, if the announce
-- comes from the address that it is located by.
local function arrive(host, a)
  local by_ipv6 = is_ipv6(host.address)
  attach(host, a.address, a.hosts_per_address)
  attach(host, a.also, a.hosts_per_address)
  if host.before and host.address == a.address then
    if by_ipv6 and not is_ipv6(a.address) then
      learn_rack(host, a.location)
    end
    if host.rack ~= a.location then
      move(host, a.location)
    end
  end
end
