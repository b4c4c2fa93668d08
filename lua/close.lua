--[[
close: the first step of a deactivation. From here on announces find the transfer
not active; its keys are archived by `archive`. That its clients are to stop may be said
then or later, as long as {HASH}:closed is there.

KEYS
   1 {HASH}:registered   2 {HASH}:closed   3 {HASH}:deregistered   4 {HASH}:name
   5 {HASH}:summary

ARGV
   1 now           unix time in seconds; empty: the clock of Redis
   2 archive_ttl   seconds that the archive is kept
   3 stop          1: clients are to stop announcing; else empty

Returns {status, name}. name: of the torrent; empty if the transfer has none.

Status: 1 closed now; 2 was closed already, and not yet archived; 3 was closed and archived
already, and its clients are to stop from now on; 0 there is no such transfer.

Cost: constant.
]]
local registered, closed, deregistered, name, summary = unpack(KEYS, 1, 5)
local archive_ttl, stop = tonumber(ARGV[2]), ARGV[3] ~= ''
local call = redis.call
local now = tonumber(ARGV[1]) or tonumber(call('TIME')[1])

-- include: clock

-- note_closed keeps when the transfer was closed, and that its clients are to stop.
local function note_closed(stamp)
  call('SET', closed, stop and stamp .. ' stop' or stamp, 'KEEPTTL')
end

local torrent_name, is_closing = call('GET', name) or '', call('EXISTS', deregistered) == 1
if is_closing or call('EXISTS', registered) == 0 then
  local stamp = call('GET', closed)
  if stop and stamp then
    note_closed(string.match(stamp, '^%S+'))
  end
  return { is_closing and 2 or stop and stamp and 3 or 0, torrent_name }
end

-- Two archives of one transfer must not meet, even within a second.
local moment = now
while call('EXISTS', rfc3339(moment) .. ':' .. registered) == 1 and moment < now + 60 do
  moment = moment + 1
end
local stamp = rfc3339(moment)
call('SET', deregistered, stamp)
note_closed(stamp) -- expires from the end of the archive on
for _, key in ipairs({ registered, summary }) do -- without these no announce finds it active
  if call('EXISTS', key) == 1 then
    call('RENAME', key, stamp .. ':' .. key)
    call('EXPIRE', stamp .. ':' .. key, archive_ttl)
  end
end
return { 1, torrent_name }
