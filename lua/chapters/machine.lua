-- Who follows whom on a machine. A client that starts again has another peer id, and often another
-- port: it is another host, and the one it was never comes back. So that the machine counts once, a
-- host that is gone leaves the sums
--   - if it lacked something: as soon as another one on its machine is live, or has everything;
--   - if it had everything: when another one came after it with everything. Each takes the place of one.
-- A machine is an IP address, or two of a host that has both. Several live clients behind one address are
-- several hosts. A client that changed its port is a new host, too: the one at the old port is live
-- until it expires, and then leaves the sums as above.

-- date_completed keeps when a host completed the transfer: now, or at a date that it inherits. It
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

-- has_fetched says whether a host that was forgotten got anything, as far as it said.
local function has_fetched(forgotten)
  local lacked = tonumber(forgotten.lacked or '')
  return lacked and lacked < tonumber(call('GET', key('length')) or 0)
    or forgotten.lacked and tonumber(forgotten.downloaded or 0) > 0
end

-- inherit: a host that came to a machine with everything, where another one had fetched something, is no
-- first seeder: the payload was delivered there. forgotten: the other one, after forget.
local function inherit(host, forgotten, came)
  if host.seeded and came >= forgotten.seen and has_fetched(forgotten) then
    tally(host, host.left, nil)
    call('HDEL', record_key(host.address), 'seeded')
    date_completed(host, forgotten.completed)
  end
end

-- may_succeed says whether a host takes the place of another one in the sums.
local function may_succeed(host, other)
  if other.live or host.left ~= '0' and not (host.live and not is_due(host.address)) then
    return false
  end
  return other.left ~= '0' or host.came and host.came >= last_seen(other.address)
end

-- succeed lets a host take the place of another one. It takes that of one that had everything only once.
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

-- hosts_on an IP address are those that came last, the last first: of its live ones and of its gone
-- ones so many at most.
local function hosts_on(ip)
  local MOST, list = 10, {}
  local _, gone, live = machine_at(ip)
  for _, ports in ipairs({ live, gone }) do
    for _, addr in ipairs(addresses_in(ports, ip, MOST)) do
      list[#list + 1] = load_host(addr)
    end
  end
  return list
end

-- mates_of a host are the others on its machine.
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

-- settle_machine looks at a host that has just come or gone, and at the others on its machine.
local function settle_machine(host)
  local state = host.live and 'live' or 'gone'
  if host.alone and host.live then
    return
  end
  write_machine(host.address, state)
  if host.also ~= '' then
    write_machine(host.also, state)
  end
  local heirs = {}
  for _, other in ipairs(mates_of(host)) do
    if may_succeed(host, other) then
      succeed(host, other)
    elseif may_succeed(other, host) then
      heirs[#heirs + 1] = other
    end
  end
  local left_then = host.left
  for _, heir in ipairs(heirs) do
    host.left = left_then
    succeed(heir, host)
  end
end
