-- Who follows whom on a machine. A client that starts again has another peer id, and often another
-- port: it is another host, and the one it was never comes back. So that the machine counts once, a
-- host that is gone leaves the sums
--   - if it lacked something: as soon as another one on its machine is live, or has everything;
--   - if it had everything: when another one came after it with everything.
-- A machine is an IP address, the IPv4 one of a host that has both. Several live clients behind one
-- address are several hosts.

-- date_completed keeps when a host completed the transfer: now, or at a date that it inherits. It
-- returns whether that is new.
local function date_completed(host, date)
  local today = rfc3339(now)
  if call('HSETNX', record_key(host.address), 'event:completed', date or today) == 0 then
    return false
  elseif not date then
    call('SETNX', first_completed, today)
    call('SET', last_completed, today)
  end
  return true
end

-- inherit: a host that came to a machine with everything, where another one had lacked something, is no
-- first seeder: the payload was delivered there. forgotten: the other one, after forget.
local function inherit(host, forgotten)
  if host.seeded and forgotten.lacked and host.came >= forgotten.seen then
    tally(host, host.left, nil)
    call('HDEL', record_key(host.address), 'seeded')
    date_completed(host, forgotten.completed)
  end
end

-- may_succeed says whether a host takes the place of another one in the sums.
local function may_succeed(host, other)
  if other.live or host.left ~= '0' and not (host.live and last_seen(host.address) > due) then
    return false
  end
  return other.left ~= '0' or host.came and host.came >= last_seen(other.address)
end

-- settle_machine looks at a host that has just come or gone, and at the others on its machine.
local function settle_machine(host)
  if host.alone then
    return
  end
  local heirs = {}
  for _, addr in ipairs(addresses_on(ip_of(host.address))) do
    local other = addr ~= host.address and load_host(addr)
    if other and may_succeed(host, other) then
      forget(other, 'replaced')
      inherit(host, other)
    elseif other and may_succeed(other, host) then
      heirs[#heirs + 1] = other
    end
  end
  if #heirs > 0 then
    forget(host, 'replaced')
  end
  for _, heir in ipairs(heirs) do
    inherit(heir, host)
  end
end
