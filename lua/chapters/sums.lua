-- Running sums over all hosts seen and not forgotten, of the transfer and of each rack, so that
-- statistics need not read hosts. seeded are the hosts that had everything when they first
-- announced, and never lacked anything.
--
-- A rack or a transfer is complete when hosts in it lacked something, and all have everything.
local SUMS = { 'hosts', 'done', 'unknown', 'seeded', 'left' }

-- share is what a host adds to the sums. left: bytes, '' if not known, nil if there is no host.
local function share(left, seeded)
  if not left then
    return { 0, 0, 0, 0, 0 }
  end
  return { 1, left == '0' and 1 or 0, left == '' and 1 or 0, seeded and 1 or 0, tonumber(left) or 0 }
end

local function sums_of(rack)
  return tag .. ':rack:' .. rack .. ':progress'
end

-- By how much this call has changed sums: their key -> { hosts, done, unknown, seeded, left }.
local changed = {}

local function add(sums, changes)
  changed[sums] = changed[sums] or { 0, 0, 0, 0, 0 }
  for i, by in ipairs(changes) do
    if by ~= 0 then
      call('HINCRBY', sums, SUMS[i], string.format('%.0f', by))
      changed[sums][i] = changed[sums][i] + by
    end
  end
end

-- tally counts a host as it is now, instead of as it was. A rack without hosts is removed.
local function tally(host, left, seeded)
  if host.left ~= left or host.seeded ~= seeded then
    local changes, before = share(left, seeded), share(host.left, host.seeded)
    for i = 1, #SUMS do
      changes[i] = changes[i] - before[i]
    end
    add(key('progress'), changes)
    add(sums_of(host.rack), changes)
    if not left and call('HGET', sums_of(host.rack), 'hosts') == '0' then
      call('DEL', sums_of(host.rack))
      call('SREM', key('racks'), host.rack)
    end
  end
  host.left, host.seeded = left, seeded
end

local function is_complete(counted, done, seeded)
  return counted == done and counted > seeded
end

-- tell_completed tells what this call made complete: a host got everything, or one that lacked
-- something was forgotten.
local function tell_completed()
  for sums, by in pairs(changed) do
    if by[1] < 0 or by[2] > 0 or by[4] < 0 then
      local r = call('HMGET', sums, 'hosts', 'done', 'seeded')
      local counted, done, seeded = tonumber(r[1] or 0), tonumber(r[2] or 0), tonumber(r[3] or 0)
      if is_complete(counted, done, seeded) and not is_complete(counted - by[1], done - by[2], seeded - by[4]) then
        local rack = string.match(sums, '^{%x+}:rack:(.*):progress$') or ''
        tell('complete', rack, counted, seeded, call('GET', key('first_started')) or '', rfc3339(now),
          transfer_name())
      end
    end
  end
end
