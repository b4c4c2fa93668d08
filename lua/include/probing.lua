-- Which frontend probes a representative: the one that claimed it last. It probes once in
-- probe_interval, and claims again each time (see probe.lua); one that does not for twice as
-- long has ended, and another one is told.

-- claim_probe notes in a host's record when it was claimed, and how far it was then.
local function claim_probe(addr)
  local r = call('HMGET', record_key(addr), 'left', 'uploaded', 'also')
  call('HSET', record_key(addr), 'probed', now, 'mark', (r[1] or '') .. ' ' .. (r[2] or ''))
  tell('check', addr, now, r[3] or '')
end
