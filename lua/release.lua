--[[
release: ends a lease whose place is not held any more, under REPR_SCOPE=rack. A lease that was
taken anew since then stays.

KEYS
   1 leases:{GROUP}

ARGV
   1 address   ip:port of the host
   2 hash      info hash of its transfer
   3 token     of the lease

Returns {status}.

Status: 1 ended; 0 there was no such lease.

Cost: constant.
]]
local leases = KEYS[1]
local address, hash, token = unpack(ARGV, 1, 3)
local call = redis.call

local field = address .. ' ' .. hash
local held = string.match(call('HGET', leases, field) or '', '^%d+')
if not held or tonumber(held) > tonumber(token) then
  return { 0 }
end
call('HDEL', leases, field)
return { 1 }
