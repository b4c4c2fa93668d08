-- Under REPR_SCOPE=rack: the leases of all who represent this group run, and that of the host
-- itself need not be renewed.
-- include: good
local address = string.sub(record, 49) -- behind {HASH}:peer:
local group = string.sub(KEYS[4 + level], 49) -- behind {HASH}:rack:
for addr in string.gmatch(values[1 + level], '\n%a+ (%S+)') do
  local token = call('HGET', leases, group .. ' ' .. addr)
  if not token or good_for(token) <= (addr == address and tonumber(now) or due) then
    return { 0 }
  end
end
