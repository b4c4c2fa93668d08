--[[
statistics: how far a transfer is, from running sums.

KEYS
   1 {HASH}:registered       2 {HASH}:length           3 {HASH}:first_started
   4 {HASH}:last_started     5 {HASH}:first_completed  6 {HASH}:last_completed
   7 {HASH}:peers:N          8 {HASH}:peers:S          9 {HASH}:peers:L
  10 {HASH}:peers:P        11 {HASH}:progress        12 {HASH}:name
  13 {HASH}:summary

ARGV
   1 now  unix time in seconds; empty: the clock of Redis
   2 ttl  seconds of silence after which a host is not live

Returns {status} or {status, peers, seeders, leechers, paused, due, values, progress}.
  due       1 if hosts may be due, see sweep
  values    length, the four dates, when it was registered, and its name, each empty if not known
  progress  fields and values of the sums, by turns

Status: 1 counted; 0 the transfer is not active.

Cost: constant.
]]
local registered, length, first_started, last_started, first_completed, last_completed, peers_N, peers_S,
  peers_L, peers_P, progress, name, summary = unpack(KEYS, 1, 13)
local now, ttl = unpack(ARGV, 1, 2)
local call = redis.call

local function is_due()
  local oldest, live = string.match(call('GET', summary) or '', '^(%d+) (%d+ %d+)')
  return oldest and live ~= '0 0' and tonumber(ttl)
    and tonumber(oldest) <= (tonumber(now) or tonumber(call('TIME')[1])) - ttl
end

if not call('GET', registered) then
  return { 0 }
end
local values = call('MGET', length, first_started, last_started, first_completed, last_completed, registered, name)
for i = 1, #values do
  values[i] = values[i] or ''
end
return { 1, call('SCARD', peers_N), call('SCARD', peers_S), call('SCARD', peers_L), call('SCARD', peers_P),
  is_due() and 1 or 0, values, call('HGETALL', progress) }
