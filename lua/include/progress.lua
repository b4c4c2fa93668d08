-- Running sums over every host seen, of the transfer and of each rack, so that statistics
-- need not look at hosts. Both are hashes with the fields hosts, done, unknown, left.

-- share: what a host adds to the sums. left_now: bytes, '' if not known, nil if there is
-- no such host.
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

local function add(rack, field, by)
  if by ~= 0 then
    by = string.format('%.0f', by)
    call('HINCRBY', progress, field, by)
    call('HINCRBY', tag .. ':rack:' .. rack .. ':progress', field, by)
  end
end

-- tally moves a host of the rack from one left to another.
local function tally(rack, from, to)
  if from == to then
    return
  end
  local hosts1, done1, unknown1, left1 = share(from)
  local hosts2, done2, unknown2, left2 = share(to)
  add(rack, 'hosts', hosts2 - hosts1)
  add(rack, 'done', done2 - done1)
  add(rack, 'unknown', unknown2 - unknown1)
  add(rack, 'left', left2 - left1)
end
