-- Which host is it that announces, if it is not just the one last seen at its address?
-- One peer id and key is one host (R7), known by the address it came from first, and by
-- one of the other family.

local function is_ipv6(addr)
  return string.byte(addr) == 91 -- [
end

-- forget removes every trace of a host.
local function forget(host)
  if host.live then
    leave(host)
  end
  tally(host.rack, host.left, nil)
  call('SREM', peers_N, host.address)
  call('HDEL', hosts, host.id)
  call('DEL', record_key(host.address))
  if host.also ~= '' then
    call('DEL', record_key(host.also))
  end
end

-- attach gives a host a second address, of the other family. An address belongs to one
-- host: the one that had it is gone, whatever it said last.
local function attach(host, addr)
  if addr == '' or addr == host.also or is_ipv6(addr) == is_ipv6(host.address) then
    return
  end
  local other = load(addr)
  if other then
    forget(other)
  end
  if host.live then
    leave(host)
  end
  if host.also ~= '' then
    call('DEL', record_key(host.also))
  end
  host.also = addr
  call('HSET', record_key(addr), 'host', host.address)
end

-- move puts a host into another rack; what it had counts there from now on.
local function move(host, rack)
  if host.live then
    leave(host)
  end
  tally(host.rack, host.left, nil)
  host.rack, host.left = rack, nil
end

-- known_host returns the host that announces, if it has been seen before, and whether the
-- announce comes from one of its addresses. A second address of the same family is
-- answered, but keeps nobody alive: else a host whose first address died would be handed
-- out at it for ever. Once that has expired, the host is at the second. A client that
-- stops may give port 0.
local function known_host(host)
  if host and host.id == peer_id .. key then
    return host, true
  elseif host then
    forget(host)
  end
  local first = call('HGET', hosts, peer_id .. key)
  host = first and load(first)
  if not host or is_ipv6(first) ~= is_ipv6(address) then
    return host, true
  elseif host.live or event == 'stopped' then
    return host, false
  end
  forget(host)
  return nil, true
end

-- find_host returns the host that announces, and whether the announce prolongs its life.
-- recorded: who was last seen at its address, or nil.
local function find_host(recorded)
  local host, touch = known_host(recorded)
  host = host or { address = address, id = peer_id .. key, also = '', rack = location, live = false }
  host.joined, host.before = not host.live, host.left
  if touch then
    if host.address == address and host.rack ~= location then
      move(host, location)
    end
    attach(host, address)
    attach(host, also)
  end
  return host, touch
end
