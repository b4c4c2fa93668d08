-- The frontend that claimed a representative last probes it, once in an interval, and claims it
-- again each time (see ../probe.lua). interval: seconds between two probes.

-- claim_probe notes in a host's record that it is claimed, and how far it was then. It lets the
-- frontend probe the host after so many seconds. A claim that waits longer than an interval is
-- dated forward by the rest.
local function claim_probe(addr, after, interval)
  local r = call('HMGET', record_key(addr), 'left', 'uploaded', 'also')
  local dated = now + math.max(after - interval, 0)
  call('HSET', record_key(addr), 'probed', dated, 'mark', (r[1] or '') .. ' ' .. (r[2] or ''))
  tell('check', addr, dated, after, r[3] or '')
end
