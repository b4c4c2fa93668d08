-- Places of representatives that are lost, and what the frontend is told to do after the
-- call. A place that is lost and taken again within one call was never lost.
--
-- Under REPR_SCOPE=rack a place is held by a lease of its group, see lease.lua. `leases`
-- keeps the token of each place as GROUP ADDRESS, and as GROUP the highest token whose lease
-- was released: one that is not higher takes no place any more, see confirm.lua.
local told, lost = {}, {}

local function tell(...)
  told[#told + 1] = table.concat({ ... }, ' ')
end

-- transfer_name ends what is told, since it may hold blanks.
local function transfer_name()
  return call('GET', tag .. ':name') or ''
end

local function group_of(swarm)
  return string.sub(swarm, #tag + 7) -- behind {HASH}:rack:
end

-- lose_place takes a host from among the representatives of path[level], and returns whether
-- it was one.
local function lose_place(host, path, level, why)
  if not strike(path[level], host.address) then
    return false
  end
  local group = group_of(path[level])
  local place = group .. ' ' .. host.address
  lost[place] = { why = why, group = group, address = host.address, token = call('HGET', leases, place),
    seen = call('HGET', record_key(host.address), 'last_seen') or now }
  call('HDEL', leases, place)
  if level == 1 then
    call('SREM', peers_R, host.address)
  end
  return true
end

-- withdraw ends a host's part in the swarms beyond path[level] and gives up its places from
-- there outwards. why: stopped, finished (it stopped, and had everything),
-- expired, changed, moved, replaced, dropped, bound, lapsed, yielded, probe.
local function withdraw(host, path, level, why)
  local outermost = level
  while outermost < #path and lose_place(host, path, outermost, why) do
    outermost = outermost + 1
  end
  for beyond = outermost, level + 1, -1 do
    take(host, path, beyond)
  end
end

-- all_told is what the frontend is to do, once all is done here.
local function all_told()
  for _, place in pairs(lost) do
    tell('demoted', place.why, place.group, place.address, now - place.seen,
      call('SCARD', tag .. ':rack:' .. place.group .. ':R'), transfer_name())
    if place.token then
      tell('settle', place.group, place.address, place.token)
    end
  end
  return told
end
