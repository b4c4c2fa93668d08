-- A host is live for ttl seconds after it announced, unless it stops. Scripts that include this have
-- ttl as their second argument.
local ttl = tonumber(ARGV[2]) or 0 -- of a transfer that is over, nobody is live
-- A host that was last seen by then is due to expire.
local due = now - ttl

local function is_due(addr)
  return last_seen(addr) <= due
end
