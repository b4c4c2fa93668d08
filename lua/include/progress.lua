-- Running sums over every host seen, a rack each, so that statistics cost as much
-- as there are racks, not hosts.

-- share: what a host adds to its rack's sums. left: bytes, '' if not known, nil if
-- there is no such host.
local function share(left_now)
  if not left_now then
    return 0, 0, 0, 0
  elseif left_now == '' then
    return 1, 0, 1, 0
  elseif left_now == '0' then
    return 1, 1, 0, 0
  end
  return 1, 0, 0, tonumber(left_now)
end

local function add(field, rack, by)
  if by ~= 0 then
    redis.call('HINCRBY', progress, field .. rack, string.format('%.0f', by))
  end
end

-- tally moves a host of the rack from one left to another.
local function tally(rack, from, to)
  if from == to then
    return
  end
  local hosts1, done1, unknown1, left1 = share(from)
  local hosts2, done2, unknown2, left2 = share(to)
  add('hosts:', rack, hosts2 - hosts1)
  add('done:', rack, done2 - done1)
  add('unknown:', rack, unknown2 - unknown1)
  add('left:', rack, left2 - left1)
end
