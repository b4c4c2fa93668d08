-- Which of its two addresses a host is known by elsewhere.

local function is_ipv6(addr)
  return string.byte(addr) == 91 -- [
end

-- lease_address is by which of its addresses a host holds leases: the same in all transfers,
-- whichever it announced from first.
local function lease_address(host)
  return is_ipv6(host.address) and host.also ~= '' and host.also or host.address
end
