--[[
close: the first step of a deactivation. Announces find the transfer not active from now on, and
`archive` archives its keys. An operator may say now or later that its clients are to stop, as long
as {HASH}:closed is there.

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
local call = redis.call

-- include: clock
-- include: names
-- include: shut

local registered, closed, deregistered, name = unpack(KEYS, 1, 4)
local archive_ttl, stop = tonumber(ARGV[2]), ARGV[3] ~= ''

local torrent_name, is_closing = call('GET', name) or '', call('EXISTS', deregistered) == 1
if is_closing or call('EXISTS', registered) == 0 then
  local datetime = call('GET', closed)
  if stop and datetime then
    call('SET', closed, string.match(datetime, '^%S+') .. ' stop', 'KEEPTTL')
  end
  return { is_closing and 2 or stop and datetime and 3 or 0, torrent_name }
end
shut(archive_ttl, stop and ' stop' or '', '')
return { 1, torrent_name }
