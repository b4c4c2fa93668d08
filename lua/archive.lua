--[[
archive: moves a bounded part of a closed transfer's keys to DATETIME:key, where
they expire. Called until it says that nothing is left.

Invariant: after any number of calls, by any number of frontends, broken off anywhere,
each key is either under its old name or under its new one.

KEYS
   1 {HASH}:deregistered   2 {HASH}:peers:N   3 {HASH}:racks   4 {HASH}:closed
   5… the transfer's other keys that are known by name, as they come

ARGV
   1 limit         hosts to move, at most; of racks a tenth, since each has more keys
   2 archive_ttl   seconds that the archive is kept

Returns {status}.

Status: 1 call again; 0 nothing is left.

Cost: grows with limit.
]]
local deregistered, peers_N, racks, closed = unpack(KEYS, 1, 4)
local limit, archive_ttl = tonumber(ARGV[1]), tonumber(ARGV[2])
local call = redis.call

-- include: keys

local stamp = call('GET', deregistered)
if not stamp then
  return { 0 }
end

local function archive(key)
  if call('EXISTS', key) == 1 then
    call('RENAME', key, stamp .. ':' .. key)
    call('EXPIRE', stamp .. ':' .. key, archive_ttl)
  end
end

-- drain moves members of a set to the archived one, after what hangs on each.
local function drain(set, count, visit)
  local members = call('SPOP', set, count)
  for _, member in ipairs(members) do
    visit(member)
    call('SADD', stamp .. ':' .. set, member)
  end
  if #members > 0 then
    call('EXPIRE', stamp .. ':' .. set, archive_ttl)
  end
  return #members
end

local function archive_host(addr)
  local also = call('HGET', record_key(addr), 'also')
  if also and also ~= '' then
    archive(record_key(also))
  end
  archive(record_key(addr))
end

local function archive_rack(rack)
  for _, swarm in ipairs(swarms_of(rack)) do
    for _, part in ipairs({ ':N', ':R', ':S', ':seeders', ':leechers', ':progress',
      ':list:N', ':list:L' }) do
      archive(swarm .. part)
    end
  end
end

if drain(peers_N, limit, archive_host) > 0
  or drain(racks, math.ceil(limit / 10), archive_rack) > 0 then
  return { 1 }
end
for i = 5, #KEYS do
  archive(KEYS[i])
end
archive(deregistered)
call('EXPIRE', closed, archive_ttl)
return { 0 }
