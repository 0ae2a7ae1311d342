"""Distance and bearing between two Maidenhead locators, as the ham radio tool ``wwl`` prints them."""

import math
import sys

EARTH_RADIUS_KM = 6371.33


def deg_to_rad(degrees):
    return degrees / 180.0 * math.pi


def rad_to_deg(radians):
    return radians / math.pi * 180.0


def convert_locator(wwl):
    """Latitude and longitude, in radians, of the south-west corner of a square of six letters."""
    wwl = (wwl + "AA")[:6].upper()
    latitude = (ord(wwl[1]) - 65) * 10 - 90 + float(wwl[3]) + (ord(wwl[5]) - 65) / 24
    longitude = (ord(wwl[0]) - 65) * 20 - 180 + float(wwl[2]) * 2 + (ord(wwl[4]) - 65) / 12
    return deg_to_rad(latitude), deg_to_rad(longitude)


def bearing_dist(home, dx):
    hn, he = home
    n, e = dx
    co = math.cos(he - e) * math.cos(hn) * math.cos(n) + math.sin(hn) * math.sin(n)
    ca = math.atan2(math.sqrt(1 - co**2), co)
    az = math.atan2(math.sin(e - he) * math.cos(n) * math.cos(hn), math.sin(n) - math.sin(hn) * math.cos(ca))
    if az < 0:
        az += 2 * math.pi
    bearing = int(int(rad_to_deg(az) * 10 + 5) / 10)
    dist = int(int(EARTH_RADIUS_KM * ca * 10 + 5) / 10)
    return dist, bearing


if __name__ == "__main__":
    home, dx = convert_locator(sys.argv[1]), convert_locator(sys.argv[2])
    dist, bearing = bearing_dist(home, dx)
    print(f"qrb: {dist} kilometers, azimuth: {bearing} degrees")
