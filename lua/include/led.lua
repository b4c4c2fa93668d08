-- Whoever leads this group is no rtorrent that the host could lead instead of.
-- include: rtorrent
if not is_rtorrent(peer_id) then
  local first = string.match(values[1 + level], '\n%a+ (%S+)')
  local its = call('HMGET', string.sub(record, 1, 48) .. first, 'peer_id', 'left') -- {HASH}:peer: and the address
  if is_rtorrent(its[1]) and its[2] ~= '0' then
    return { 0 }
  end
end
