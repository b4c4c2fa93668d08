-- A host is live for ttl seconds after it announced, unless it stops. ttl is the second argument of
-- the scripts that include this.
local ttl = tonumber(ARGV[2]) or 0 -- of a transfer that is over, nobody is live
-- A host that was last seen by then is due to expire.
local due = now - ttl

local function is_due(addr)
  return last_seen(addr) <= due
end
