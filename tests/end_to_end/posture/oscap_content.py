#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints ComplianceAsCode's data stream with a profile of its own that holds the rules we share, for any release and for containers.

Debian 12 packages the content of Debian 10 and 11; their rules on files hold for 12 as well, their platform check would refuse it.
"""
import re
import sys

stream, *rules = sys.argv[1:]
with open(stream, encoding="utf-8") as text:
    content = text.read()
content = re.sub(r'<xccdf-1\.2:platform idref="(?:cpe:/o:debian[^"]*|#machine)"/>', "", content)
known = [rule for rule in rules if f'id="xccdf_org.ssgproject.content_rule_{rule}"' in content]
selected = "".join(f'<xccdf-1.2:select idref="xccdf_org.ssgproject.content_rule_{rule}" selected="true"/>\n' for rule in known)
profile = ('<xccdf-1.2:Profile id="xccdf_org.plumbline.content_profile_shared"><xccdf-1.2:title xml:lang="en-US">Shared</xccdf-1.2:title>\n'
           + selected + "</xccdf-1.2:Profile>")
sys.stdout.write(content.replace("<xccdf-1.2:Profile ", profile + "<xccdf-1.2:Profile ", 1))
