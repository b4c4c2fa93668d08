--[[
statistics: how far a transfer is, from running sums.

KEYS
   1 {HASH}:registered       2 {HASH}:length           3 {HASH}:first_started
   4 {HASH}:last_started     5 {HASH}:first_completed  6 {HASH}:last_completed
   7 {HASH}:peers:N          8 {HASH}:peers:S          9 {HASH}:peers:L
  10 {HASH}:peers:P        11 {HASH}:progress        12 {HASH}:name

ARGV: none

Returns {status} or {status, peers, seeders, leechers, paused, values, progress}.
values: length, the four dates, when it was registered, and its name, each empty if not known; progress: fields and
values of the sums, by turns.

Status: 1 counted; 0 the transfer is not active.

Cost: constant.
]]
local registered, length, first_started, last_started, first_completed, last_completed, peers_N, peers_S,
  peers_L, peers_P, progress, name = unpack(KEYS, 1, 12)
local call = redis.call

if not call('GET', registered) then
  return { 0 }
end
local values = call('MGET', length, first_started, last_started, first_completed, last_completed, registered, name)
for i = 1, #values do
  values[i] = values[i] or ''
end
return { 1, call('SCARD', peers_N), call('SCARD', peers_S), call('SCARD', peers_L), call('SCARD', peers_P),
  values, call('HGETALL', progress) }
