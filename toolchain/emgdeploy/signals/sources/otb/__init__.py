"""OT Bioelettronica's amplifiers over TCP.

Commands, channels, byte order and factors are those of the manufacturer's published examples (OTB-Matlab:
Read_Quattrocento, Read_muovi, Read_muoviplus, Read_sessantaquattroplus; OTB-Python).
"""
