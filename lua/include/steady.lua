-- The common case: the host that was last seen at this address announces again, and
-- nothing has changed but numbers.

local function is_steady(host)
  return host and event == '' and host.live and host.address == address
    and host.id == peer_id .. key and host.rack == location
    and (also == '' or also == host.also)
    and (host.left == left or host.left ~= '' and host.left ~= '0' and left ~= '')
    and host.state == (left == '0' and 'seeder' or 'leecher')
end

-- refresh writes the numbers of a steady host, and prolongs its life.
local function refresh(host, path, deadline)
  if host.left ~= left then
    local by = string.format('%.0f', left - host.left)
    call('HINCRBY', progress, 'left', by)
    call('HINCRBY', path[1] .. ':progress', 'left', by)
  end
  call('HSET', own_record, 'last_seen', now, 'left', left, 'uploaded', uploaded, 'downloaded', downloaded)
  call('ZADD', path[1] .. kind(host), deadline, contact(host))
end
