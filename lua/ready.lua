--[[
ready: whether this user may run every command that the tracker sends, on every kind of key. The
frontend asks each server of a cluster, since each has its own users.

Invariant: only the scratch keys are changed, and none is left.

KEYS: none, since keys that lie on several servers of a cluster cannot be declared together.

ARGV
   1 scratch      the name of a key that no transfer has; others begin with it
   2 keys         one name of each other kind of key, with blanks between

Returns {status, missing}. missing: commands, and names of keys behind "keys like ".

Status: 1 always.

Cost: constant.
]]
local scratch, keys = ARGV[1], ARGV[2]
local missing, listed = {}, {}

local function miss(what)
  if not listed[what] then
    listed[what] = true
    missing[#missing + 1] = what
  end
end

-- Redis, Valkey and their versions word errors differently. A key on another server is no refusal.
local function try(command, ...)
  local reply = redis.pcall(command, ...)
  local err = type(reply) == 'table' and reply.err
  if not err then
    return
  end
  if string.find(err, 'unknown', 1, true) or string.find(err, 'Unknown', 1, true) then
    miss(command)
  elseif string.find(err, 'permission', 1, true) or string.find(err, 'executing the script', 1, true) then
    miss(string.find(err, 'access', 1, true) and 'keys like ' .. (...) or command)
  end
end

local text, list = scratch .. ':string', scratch .. ':set'
local record, sorted = scratch .. ':hash', scratch .. ':sorted'
local function clear()
  for _, key in ipairs({ scratch, text, list, record, sorted }) do
    try('DEL', key)
  end
end

clear()
try('TIME')
for _, call in ipairs({
  { 'SET', scratch, '1' }, { 'GET', scratch }, { 'SETNX', scratch, '1' }, { 'INCR', scratch },
  { 'EXISTS', scratch }, { 'EXPIRE', scratch, '60' }, { 'PERSIST', scratch }, { 'RENAME', scratch, text },
  { 'MGET', text, scratch }, { 'MSET', text, '1' },
  { 'HSET', record, 'field', '1' }, { 'HSETNX', record, 'field', '1' }, { 'HGET', record, 'field' },
  { 'HMGET', record, 'field' }, { 'HGETALL', record }, { 'HINCRBY', record, 'field', '1' }, { 'HLEN', record },
  { 'HSCAN', record, '0' }, { 'HDEL', record, 'field' },
  { 'SADD', list, '1', '2' }, { 'SISMEMBER', list, '1' }, { 'SMEMBERS', list }, { 'SCARD', list }, { 'STRLEN', text },
  { 'SSCAN', list, '0' }, { 'SREM', list, '1' }, { 'SPOP', list, '1' },
  { 'ZADD', sorted, '1', 'member' }, { 'ZRANGE', sorted, '0', '-1' }, { 'ZRANGEBYSCORE', sorted, '0', '1' },
  { 'ZSCORE', sorted, 'member' }, { 'ZCARD', sorted }, { 'ZREM', sorted, 'other' },
  { 'ZREMRANGEBYSCORE', sorted, '-2', '-1' }, { 'ZPOPMIN', sorted, '1' },
}) do
  try(unpack(call))
end
clear()

-- No set has an empty member, and SREM fails on other types: so nothing is removed.
for key in string.gmatch(keys, '%S+') do
  try('GET', key)
  try('SREM', key, '')
end
return { 1, missing }
