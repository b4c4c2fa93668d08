--[[
close: the first step of a deactivation. From here on announces find the transfer
not active; its keys are archived by `archive`.

KEYS
   1 {HASH}:registered   2 {HASH}:closed   3 {HASH}:deregistered   4 {HASH}:name
   5 {HASH}:summary

ARGV
   1 now           unix time in seconds; empty: the clock of Redis
   2 archive_ttl   seconds that the archive is kept

Returns {status, name}. name: of the torrent; empty if the transfer has none.

Status: 1 closed now; 2 was closed already, and not yet archived; 0 there is no such
transfer.

Cost: constant.
]]
local registered, closed, deregistered, name, summary = unpack(KEYS, 1, 5)
local archive_ttl = tonumber(ARGV[2])
local call = redis.call
local now = tonumber(ARGV[1]) or tonumber(call('TIME')[1])

-- include: clock

local torrent_name = call('GET', name) or ''
if call('EXISTS', deregistered) == 1 then
  return { 2, torrent_name }
elseif call('EXISTS', registered) == 0 then
  return { 0, '' }
end

-- Two archives of one transfer must not meet, even within a second.
local moment = now
while call('EXISTS', rfc3339(moment) .. ':' .. registered) == 1 and moment < now + 60 do
  moment = moment + 1
end
local stamp = rfc3339(moment)
call('SET', deregistered, stamp)
call('SET', closed, stamp) -- expires from the end of the archive on
for _, key in ipairs({ registered, summary }) do -- without these no announce finds it active
  if call('EXISTS', key) == 1 then
    call('RENAME', key, stamp .. ':' .. key)
    call('EXPIRE', stamp .. ':' .. key, archive_ttl)
  end
end
return { 1, torrent_name }
