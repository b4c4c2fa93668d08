--[[
archive: moves a bounded part of a closed transfer's keys to DATETIME:key, where they expire. It is
called until nothing is left.

Invariant: each key is either under its old name or under its new one, after any number of calls by
any number of frontends.

KEYS
   1 {HASH}:deregistered   2 {HASH}:peers:N   3 {HASH}:racks   4 {HASH}:pages
   5 {HASH}:hosts          6 {HASH}:closed
   7… the other keys of the transfer that are known by name

ARGV
   1 limit         hosts, pages or parts of the index to move, at most; of racks a tenth, since each
                   has more keys
   2 archive_ttl   seconds that the archive is kept

Returns {status}.

Status: 1 call again; 0 nothing is left.

Cost: grows with limit.
]]
local call = redis.call

-- include: names

local deregistered, peers_N, racks, pages, hosts, closed = unpack(KEYS, 1, 6)
local limit, archive_ttl = tonumber(ARGV[1]), tonumber(ARGV[2])

-- deregistered says for how long an evicted transfer is kept.
local datetime, kept = string.match(call('GET', deregistered) or '', '^(%S+) ?(%d*)$')
if not datetime then
  return { 0 }
end
archive_ttl = tonumber(kept) or archive_ttl

local function archive(name)
  if call('EXISTS', name) == 1 then
    call('RENAME', name, datetime .. ':' .. name)
    call('EXPIRE', datetime .. ':' .. name, archive_ttl)
  end
end

-- drain moves members of a set to the archived one, and before each the keys that it names.
local function drain(set, count, visit)
  local members = call('SPOP', set, count)
  for _, member in ipairs(members) do
    visit(member)
    call('SADD', datetime .. ':' .. set, member)
  end
  if #members > 0 then
    call('EXPIRE', datetime .. ':' .. set, archive_ttl)
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
    for _, part in ipairs({ '', ':N', ':R', ':S', ':progress' }) do
      archive(swarm .. part)
    end
  end
end

-- drain_pages moves pages; the sorted set names them without the tag.
local function drain_pages()
  local popped = call('ZPOPMIN', pages, limit)
  for i = 1, #popped, 2 do
    archive(tag .. ':' .. popped[i])
    call('ZADD', datetime .. ':' .. pages, popped[i + 1], popped[i])
  end
  if #popped > 0 then
    call('EXPIRE', datetime .. ':' .. pages, archive_ttl)
  end
  return #popped
end

-- drain_index moves parts of the index, from the last on; the archive keeps how many there were.
local function drain_index()
  local parts = tonumber(call('GET', hosts) or 1)
  call('SETNX', datetime .. ':' .. hosts, parts)
  local left = math.max(parts - limit, 0)
  for n = parts, left + 1, -1 do
    archive(hosts .. ':' .. n)
  end
  call('SET', hosts, left)
  return left
end

if drain(peers_N, limit, archive_host) > 0 or drain_pages() > 0 or drain_index() > 0
  or drain(racks, math.ceil(limit / 10), archive_rack) > 0 then
  return { 1 }
end
for i = 7, #KEYS do
  archive(KEYS[i])
end
call('DEL', hosts)
call('EXPIRE', datetime .. ':' .. hosts, archive_ttl)
archive(deregistered)
call('EXPIRE', closed, archive_ttl)
return { 0 }
