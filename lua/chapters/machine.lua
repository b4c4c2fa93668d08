-- Which host succeeds which on a machine. A client that starts again has another peer id, and often
-- another port: it is another host, and the former one never comes back. So that the machine counts
-- once, a host that is gone is succeeded, and forgotten:
--   - if it lacked something, by a host on its machine that is live or has everything;
--   - if it had everything, by a host that came after it with everything, which succeeds one only.
-- A machine is an IP address, or both of a host that has two. Several live clients behind one
-- address are several hosts. So is a client that changed its port: the host at the old port is live
-- until it expires, and then is succeeded as above.

-- date_completed writes when a host completed the transfer: now, or the date that it inherits. It
-- returns whether that is new.
local function date_completed(host, date)
  local today = rfc3339(now)
  if call('HSETNX', record_key(host.address), 'event:completed', date or today) == 0 then
    return false
  elseif not date then
    call('SETNX', key('first_completed'), today)
    call('SET', key('last_completed'), today)
  end
  return true
end

-- has_fetched says whether a forgotten host got anything, as far as it said.
local function has_fetched(forgotten)
  local lacked = tonumber(forgotten.lacked or '')
  return lacked and lacked < tonumber(call('GET', key('length')) or 0)
    or forgotten.lacked and tonumber(forgotten.downloaded or 0) > 0
end

-- inherit takes `seeded` from a host that came with everything to a machine where another one had
-- fetched: the payload was delivered there. forgotten: the other one, after forget.
local function inherit(host, forgotten, came)
  if host.seeded and came >= forgotten.seen and has_fetched(forgotten) then
    tally(host, host.left, nil)
    call('HDEL', record_key(host.address), 'seeded')
    date_completed(host, forgotten.completed)
  end
end

-- may_succeed says whether a host may succeed another one.
local function may_succeed(host, other)
  if other.live or host.left ~= '0' and not (host.live and not is_due(host.address)) then
    return false
  end
  return other.left ~= '0' or host.came and host.came >= last_seen(other.address)
end

-- succeed makes a host count instead of another one, which is forgotten.
local function succeed(host, other)
  local came, had_everything = host.came, other.left == '0'
  if loaded[other.address] then
    forget(other, 'replaced')
  end
  inherit(host, other, came)
  if had_everything then
    host.came = 0
    call('HSET', record_key(host.address), 'came', 0)
  end
end

-- hosts_on returns the hosts at an IP address: the last ones of those that are live, and of those
-- that are gone, the last first.
local function hosts_on(ip)
  local MOST, list = 10, {} -- of each
  local _, gone, live = machine_at(ip)
  for _, ports in ipairs({ live, gone }) do
    for _, addr in ipairs(addresses_in(ports, ip, MOST)) do
      list[#list + 1] = load_host(addr)
    end
  end
  return list
end

-- mates_of returns the other hosts on a host's machine.
local function mates_of(host)
  local list, seen = {}, { [host] = true }
  for _, addr in ipairs({ host.address, host.also ~= '' and host.also or nil }) do
    for _, other in ipairs(hosts_on(ip_of(addr))) do
      if not seen[other] then
        list[#list + 1], seen[other] = other, true
      end
    end
  end
  return list
end

-- update_machine finds who succeeds whom after a host has entered or departed.
local function update_machine(host)
  local state = host.live and 'live' or 'gone'
  if host.alone and host.live then
    return
  end
  write_machine(host.address, state)
  if host.also ~= '' then
    write_machine(host.also, state)
  end
  local successors = {}
  for _, other in ipairs(mates_of(host)) do
    if may_succeed(host, other) then
      succeed(host, other)
    elseif may_succeed(other, host) then
      successors[#successors + 1] = other
    end
  end
  local left_then = host.left
  for _, successor in ipairs(successors) do
    host.left = left_then
    succeed(successor, host)
  end
end
