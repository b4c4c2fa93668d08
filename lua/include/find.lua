-- Which host is it that announces, if it is not just the one last seen at its address?
-- One peer id and key is one host (R7), with one address of each family.

local function is_ipv6(addr)
  return string.byte(addr) == 91 -- [
end

-- expire_if_due lets a host go that should have gone already, or nil. It returns the host if it still
-- counts.
local function expire_if_due(host)
  if backlog and host and host.live and last_seen(host.address) <= due then
    expire_host(host.address)
  end
  return host and loaded[host.address]
end

-- relocate puts a host, with all that is known of it, at another address.
local function relocate(host, addr)
  if host.live then
    leave(host, 'changed')
  end
  if call('EXISTS', record_key(host.address)) == 1 then
    call('RENAME', record_key(host.address), record_key(addr))
  end
  strike_off(host)
  if host.also ~= '' then
    call('HSET', record_key(host.also), 'host', addr)
  end
  loaded[host.address], loaded[addr] = nil, host
  host.address = addr
  enrol(host)
end

-- attach gives a host its address of the other family. A host that has both is known, and located,
-- by the IPv4 one. An address belongs to one host: the one that had it is gone, whatever it said last.
local function attach(host, addr)
  if addr == '' or addr == host.also or is_ipv6(addr) == is_ipv6(host.address) then
    return
  end
  local other = load_host(addr)
  if other then
    forget(other, 'replaced')
  end
  if host.live then
    leave(host, 'changed')
  end
  if host.also ~= '' then
    call('DEL', record_key(host.also))
    write_machine(host.also, false)
  end
  if is_ipv6(host.address) then
    local six = host.address
    relocate(host, addr)
    addr = six
  end
  host.also = addr
  call('HSET', record_key(addr), 'host', host.address)
  host.alone = write_machine(addr, true) == 1 and host.alone
end

-- move puts a host into another rack; what it had counts there from now on.
local function move(host, rack)
  if host.live then
    leave(host, 'moved')
  end
  tally(host, nil, host.seeded)
  call('HDEL', record_key(host.address), 'rack6')
  host.rack, host.stalled = rack, nil
end

-- address_of returns the address that a host was seen at first, or nil.
local function address_of(id)
  local digest = digest_of(id)
  local addr = call('HGET', part_key(part_of(digest)), digest)
  local host = addr and load_host(addr)
  return host and host.id == id and addr
end

-- called_so returns the host of this peer id and key, wherever it was seen, and whether
-- the announce comes from one of its addresses. A client that changed its port will be at the
-- new one. Another address of the same family is answered, but keeps nobody alive: else a
-- host whose first address died would be handed out at it for ever. Once that has expired,
-- the host is at the other.
local function called_so()
  local first = address_of(peer_id .. key)
  local host = expire_if_due(first and load_host(first))
  if not host or is_ipv6(first) ~= is_ipv6(address) then
    return host, true
  elseif event == 'stopped' or host.live and ip_of(first) ~= ip_of(address) then
    return host, false
  end
  return host, true
end

-- Who had the address of the host that announces until now, if that was another one.
local replaced

-- known_host returns the host that announces, if it has been seen before, and whether the
-- announce comes from one of its addresses. recorded: who was last seen at this one.
local function known_host(recorded)
  recorded = expire_if_due(recorded)
  if recorded and recorded.id == peer_id .. key then
    return recorded, true
  elseif recorded and event ~= 'stopped' then -- a late stop displaces nobody
    replaced = recorded
  end
  return called_so()
end

-- include: stalled

-- stalled_since is when a host announced before, if it is stalled; else nil. An announce that is repeated
-- with a lease was looked at the first time.
local function stalled_since(host)
  if lease == '' and host.live and #host.shelves > 1 and event == '' and left ~= '0' and left ~= '' and left == host.left
    and tonumber(summary.complete) > 0 then
    local seen = last_seen(host.address)
    return is_stalled(seen) and seen or nil
  end
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

-- find_host returns the host that announces, and whether the announce prolongs its life.
-- A host never seen before that stops is nobody.
local function find_host(recorded)
  local host, touch = known_host(recorded)
  if not host and event == 'stopped' then
    return nil, false
  end
  if not host then
    host = { address = address, id = peer_id .. key, also = '', rack = first_rack(), shelves = {}, live = false }
    loaded[address] = host
  end
  host.joined, host.before, host.stalled = not host.live, host.left, stalled_since(host)
  host.represented = math.max(#host.shelves - 1, 0)
  return host, touch
end

-- arrive gives a host the addresses that its announce says, and the rack, if it announces from the
-- address that decides.
local function arrive(host)
  local by_ipv6 = is_ipv6(host.address)
  if by_ipv6 == is_ipv6(address) and host.address ~= address then
    relocate(host, address)
  end
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
