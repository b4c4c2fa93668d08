-- Which frontend probes a representative: the one that claimed it last. It probes once in an interval, and
-- claims again each time (see ../probe.lua). interval: seconds between two probes.

-- claim_probe notes in a host's record that it is claimed, and how far it was then, and tells
-- the frontend to probe it after some seconds. The claim is dated forward by what it waits
-- beyond an interval.
local function claim_probe(addr, after, interval)
  local r = call('HMGET', record_key(addr), 'left', 'uploaded', 'also')
  local dated = now + math.max(after - interval, 0)
  call('HSET', record_key(addr), 'probed', dated, 'mark', (r[1] or '') .. ' ' .. (r[2] or ''))
  tell('check', addr, dated, after, r[3] or '')
end
